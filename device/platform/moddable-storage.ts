// Small texts that outlive a cut of the power, by Moddable's storage classes: NVS on an ESP32, files on
// Linux, which has no key-value storage. Both modules run native code while they load, so they are asked
// for at run time.

import Modules from "modules";
import { decodeUtf8, encodeUtf8 } from "../../shared/bytes/utf8.ts";
import type { KeyValueStorage } from "./storage.ts";

/** `embedded:storage/key-value`, as far as it is used (SDK 8.2.3, modules/io/storage/esp32). */
interface Namespace {
  read(key: string): ArrayBuffer | undefined;
  /** Commits at once, and does not erase before: a cut of the power leaves the one value or the other. */
  write(key: string, bytes: Uint8Array): void;
  delete(key: string): void;
}

interface NamespaceOpener {
  open(options: { readonly path: string; readonly format: "buffer" }): Namespace;
}

/** `embedded:storage/files`, as far as it is used (SDK 8.2.3, modules/io/files/posix). */
interface Directory {
  /** Throws where there is no such file; "w" makes it. */
  openFile(options: { readonly path: string; readonly mode?: "w" }): File;
  openDirectory(options: { readonly path: string }): Directory;
  createDirectory(path: string): void;
  move(from: string, to: string): void;
  delete(path: string): void;
}

interface File {
  status(): { readonly size: number };
  read(count: number, position: number): ArrayBuffer;
  write(bytes: Uint8Array, position: number): void;
  flush(): void;
  close(): void;
}

const KEY_VALUE_MODULE = "embedded:storage/key-value";
const FILES_MODULE = "embedded:storage/files";

/** Of NVS, and of the folder. */
const NAMESPACE = "senda";

/** Undefined where the platform keeps nothing; what cannot be opened keeps no board from starting, either. */
export function openModdableStorage(trace: (line: string) => void): KeyValueStorage | undefined {
  try {
    if (Modules.has(KEY_VALUE_MODULE)) {
      const opener = Modules.importNow(KEY_VALUE_MODULE) as NamespaceOpener;
      return new NamespaceStorage(opener.open({ path: NAMESPACE, format: "buffer" }));
    }
    if (!Modules.has(FILES_MODULE)) return undefined;
    const root = Modules.importNow(FILES_MODULE) as Directory;
    root.createDirectory(NAMESPACE); // it may be there
    return new FolderStorage(root.openDirectory({ path: NAMESPACE }));
  } catch (error) {
    trace(`storage: nothing can be kept: ${String(error)}`);
    return undefined;
  }
}

class NamespaceStorage implements KeyValueStorage {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  read(key: string): string | undefined {
    const bytes = this.#namespace.read(key);
    return bytes === undefined ? undefined : decodeUtf8(new Uint8Array(bytes));
  }

  write(key: string, value: string): void {
    this.#namespace.write(key, encodeUtf8(value));
  }

  delete(key: string): void {
    this.#namespace.delete(key);
  }
}

class FolderStorage implements KeyValueStorage {
  readonly #folder: Directory;

  constructor(folder: Directory) {
    this.#folder = folder;
  }

  read(key: string): string | undefined {
    try {
      const file = this.#folder.openFile({ path: key });
      const { size } = file.status();
      const bytes = size === 0 ? new Uint8Array(0) : new Uint8Array(file.read(size, 0));
      file.close();
      return decodeUtf8(bytes);
    } catch {
      return undefined; // there is none
    }
  }

  write(key: string, value: string): void {
    const draft = `${key}.new`;
    const file = this.#folder.openFile({ path: draft, mode: "w" });
    file.write(encodeUtf8(value), 0);
    file.flush();
    file.close();
    this.#folder.move(draft, key);
  }

  delete(key: string): void {
    this.#folder.delete(key);
  }
}
