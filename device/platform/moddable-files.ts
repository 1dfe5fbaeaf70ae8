// The files and the SHA-256 of Moddable's modules. Both run native code while they load, so they are asked
// for at run time; a build without them keeps no files.

import Modules from "modules";
import type { BlobShelf, Hasher } from "../../shared/blob/shelf.ts";
import type { Directory } from "../files/directory.ts";
import { DirectoryShelf } from "../files/directory-shelf.ts";

/** `embedded:storage/files`, as far as it is used (SDK 8.2.3, modules/io/files: littlefs and posix). */
interface Root extends Directory {
  /** True where it made it, false where it was there. */
  createDirectory(path: string): boolean;
  openDirectory(options: { readonly path: string }): Directory;
}

/** `crypt`, as far as it is used (modules/crypt/digest). */
interface Crypt {
  readonly Digest: new (kind: "SHA256") => { write(bytes: Uint8Array): void; close(): ArrayBuffer };
}

const FILES_MODULE = "embedded:storage/files";
const CRYPT_MODULE = "crypt";

const FOLDER = "files";

/** Undefined where the build has no storage for files, or it cannot be opened. */
export function openModdableShelf(): BlobShelf | undefined {
  if (!Modules.has(FILES_MODULE) || !Modules.has(CRYPT_MODULE)) return undefined;
  const { Digest } = Modules.importNow(CRYPT_MODULE) as Crypt;
  try {
    const root = Modules.importNow(FILES_MODULE) as Root;
    root.createDirectory(FOLDER);
    const directory = root.openDirectory({ path: FOLDER });
    return new DirectoryShelf(directory, () => createHasher(Digest));
  } catch {
    return undefined;
  }
}

function createHasher(Digest: Crypt["Digest"]): Hasher {
  const digest = new Digest("SHA256");
  return {
    update: (bytes) => digest.write(bytes),
    digest: () => new Uint8Array(digest.close()),
  };
}
