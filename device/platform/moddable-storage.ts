// The board's non-volatile storage (NVS), by Moddable's storage class. Linux has no such class: there,
// settings last as long as the program.

import Modules from "modules";
import { type KeyValueStorage, MemoryStorage } from "./storage.ts";

/** What `embedded:storage/key-value` gives in the format "string" (SDK 8.2.3, modules/io/storage). */
interface Domain {
  /** Undefined where there is no such key; throws where it holds something else. */
  read(key: string): string | undefined;
  /** NVS writes the new value before it drops the old one. */
  write(key: string, text: string): void;
}

interface DomainOpener {
  open(options: { readonly path: string; readonly format: string }): Domain;
}

const MODULE = "embedded:storage/key-value";
const DOMAIN = "senda";

/** Storage that cannot be opened keeps no board from starting: its settings are those it was built with. */
export function openModdableStorage(trace: (line: string) => void): KeyValueStorage {
  if (!Modules.has(MODULE)) return new MemoryStorage();
  try {
    const opener = Modules.importNow(MODULE) as DomainOpener;
    return new DomainStorage(opener.open({ path: DOMAIN, format: "string" }));
  } catch (error) {
    trace(`settings: nothing can be kept: ${String(error)}`);
    return new MemoryStorage();
  }
}

class DomainStorage implements KeyValueStorage {
  readonly #domain: Domain;

  constructor(domain: Domain) {
    this.#domain = domain;
  }

  read(key: string): string | undefined {
    try {
      return this.#domain.read(key);
    } catch {
      return undefined; // written in another format by another program
    }
  }

  write(key: string, text: string): void {
    this.#domain.write(key, text);
  }
}
