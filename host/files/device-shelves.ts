// Where the collector keeps the files of its devices: a folder each, in one that the operator names.

import { join } from "node:path";
import type { BlobShelf } from "../../shared/blob/shelf.ts";
import { deviceFolder } from "./device-folder.ts";
import { type FileLimits, FileShelf } from "./file-shelf.ts";

export interface FilesOptions {
  readonly folder: string;
  /** Of each device's folder. */
  readonly limits?: Partial<FileLimits>;
}

/** Gives the shelf of a device; `handleChange` is called when a file that took a while is complete. */
export type ShelfOf = (device: string, handleChange: () => void) => BlobShelf;

export function deviceShelves({ folder, limits = {} }: FilesOptions): ShelfOf {
  return (device, handleChange) =>
    new FileShelf({
      folder: join(folder, deviceFolder(device)),
      isReplacing: false,
      handleChange,
      limits,
    });
}
