// Where files come from and go to, as the transfer sees it: a folder, flash, a board's update slot. All
// of it is synchronous, for a transfer holds nothing in memory; what fails throws, a BlobFault where the
// other side should be told why.

import type { BlobPurpose, BlobStatus } from "../errors.ts";
import type { ContentHash } from "./content-hash.ts";

/** What makes two blobs the same: half of one is never continued with the other half of another. */
export interface BlobContent {
  readonly purpose: BlobPurpose;
  readonly name: string;
  readonly sizeBytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export function isSameContent(a: BlobContent, b: BlobContent): boolean {
  const isSameFile = a.sha256 === b.sha256 && a.sizeBytes === b.sizeBytes;
  return isSameFile && a.name === b.name && a.purpose === b.purpose;
}

/** Why a shelf does not do what it was asked for. Any other error ends the transfer as "failed". */
export class BlobFault extends Error {
  readonly status: BlobStatus;

  constructor(status: BlobStatus, text: string, cause?: unknown) {
    super(text, { cause });
    this.status = status;
  }
}

/** SHA-256, a piece at a time. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** 32 bytes; the last call. */
  digest(): Uint8Array;
}

/** A file that is sent. */
export interface BlobSource {
  readonly sizeBytes: number;
  /** Fills `into` with what stands from `offset` on. Returns how many bytes there were. */
  read(offset: number, into: Uint8Array): number;
  close(): void;
}

/** A file that is received: it grows from its start, and is one only when it is complete. */
export interface BlobSink {
  /** Bytes that are kept, those of an interrupted transfer of the same content included. */
  readonly length: number;
  /** Of what is kept; there where it cannot be read again, as in a slot for firmware. */
  readonly hash?: ContentHash;
  /** Keeps all of `bytes`, which may be reused afterwards, or throws. */
  append(bytes: Uint8Array): void;
  /** As a source's. */
  read(offset: number, into: Uint8Array): number;
  /**
   * All of it is here, and its hash is right: makes it a file. Returns the name under which it is kept;
   * undefined where that takes a while: then it is asked again at the next `handleTimeout`.
   */
  complete(): string | undefined;
  /** Ends the transfer and forgets what came. */
  discard(): void;
  /** Ends the transfer and keeps what came for one that goes on. */
  close(): void;
}

/** The files of a shelf, for who asks what there is. */
export interface FileCatalog {
  /** In order of their names. */
  list(): readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Throws a BlobFault: "not-found", as a rule. */
  remove(name: string): void;
}

export interface BlobShelf {
  /** Missing where nobody may ask. */
  readonly catalog?: FileCatalog | undefined;
  createHasher(): Hasher;
  /** Throws a BlobFault: "not-found", as a rule. */
  openSource(purpose: BlobPurpose, name: string): BlobSource;
  /** Throws a BlobFault where this content is not taken. */
  openSink(content: BlobContent): BlobSink;
}

/** Of those who keep no files. */
export const NO_SHELF: BlobShelf = {
  createHasher: () => nothingKept(),
  openSource: () => nothingKept(),
  openSink: () => nothingKept(),
};

function nothingKept(): never {
  throw new BlobFault("refused", "no files are kept here");
}
