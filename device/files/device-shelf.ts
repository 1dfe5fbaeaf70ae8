// All that a device takes and gives: files on their shelf, firmware into the second slot.

import {
  type BlobContent,
  BlobFault,
  type BlobShelf,
  type BlobSink,
  type BlobSource,
  type FileCatalog,
  type Hasher,
  NO_SHELF,
} from "../../shared/blob/shelf.ts";
import type { BlobPurpose } from "../../shared/errors.ts";
import type { UpdateMachine } from "../update/machine.ts";
import { UpdateShelf } from "../update/update-shelf.ts";

export class DeviceShelf implements BlobShelf {
  readonly #files: BlobShelf;
  readonly #machine: UpdateMachine | undefined;
  readonly #updates: UpdateShelf | undefined;

  /** `updateKey`: what updates are checked with, as in the settings. */
  constructor(files: BlobShelf | undefined, machine: UpdateMachine | undefined, updateKey: string) {
    this.#files = files ?? NO_SHELF;
    this.#machine = machine;
    this.#updates = machine === undefined ? undefined : new UpdateShelf(machine, updateKey);
  }

  get catalog(): FileCatalog | undefined {
    return this.#files.catalog;
  }

  createHasher(): Hasher {
    return this.#machine?.crypto.createSha256() ?? this.#files.createHasher();
  }

  openSource(purpose: BlobPurpose, name: string): BlobSource {
    return this.#files.openSource(purpose, name);
  }

  openSink(content: BlobContent): BlobSink {
    if (content.purpose !== "firmware") return this.#files.openSink(content);
    if (this.#updates !== undefined) return this.#updates.openSink(content);
    throw new BlobFault("refused", "this device has no second slot for firmware");
  }
}
