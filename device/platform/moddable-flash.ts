// A partition of the board's flash, by Moddable's storage class. On a platform without that class (Linux)
// there is no flash: the module is asked for at run time, as what is preloaded may name nothing that is
// missing somewhere.

import Modules from "modules";
import type { Flash } from "../flash/flash.ts";

/** What `embedded:storage/flash` gives, as far as it is used (SDK 8.2.3, modules/io/flash). */
interface Partition {
  status(): { readonly blockLength: number; readonly blocks: number };
  read(into: Uint8Array, offset: number): number;
  write(bytes: Uint8Array, offset: number): void;
  eraseBlock(index: number): void;
}

interface PartitionOpener {
  /** Throws where no data partition has this label. */
  open(options: { readonly path: string }): Partition;
}

const MODULE = "embedded:storage/flash";

/** The data partition with this label; undefined where there is none. */
export function openModdableFlash(label: string): Flash | undefined {
  if (!Modules.has(MODULE)) return undefined;
  try {
    const opener = Modules.importNow(MODULE) as PartitionOpener;
    return new PartitionFlash(opener.open({ path: label }));
  } catch {
    return undefined;
  }
}

class PartitionFlash implements Flash {
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly #partition: Partition;

  constructor(partition: Partition) {
    const { blockLength, blocks } = partition.status();
    this.blockBytes = blockLength;
    this.blockCount = blocks;
    this.#partition = partition;
  }

  read(offset: number, into: Uint8Array): void {
    this.#partition.read(into, offset);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#partition.write(bytes, offset);
  }

  eraseBlock(index: number): void {
    this.#partition.eraseBlock(index);
  }
}
