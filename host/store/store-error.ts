// What can go wrong with a store as a whole. The text names the file, what was found, and what to do;
// the code is for programs.

/** Every code that opening, writing or closing a store may fail with. */
export type StoreErrorCode =
  | "no-store" // there is nothing to read at the path
  | "not-a-store" // the file is something else
  | "other-version" // a store of another version of this program
  | "in-use" // another process writes to it
  | "unreachable" // the directory is missing, or permission is
  | "damaged" // what is in it cannot be read
  | "full" // as many epochs as a store can number
  | "not-written" // closed while it could not write
  | "failed" // the worker thread died
  | "closed"; // used after close

export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreError";
    this.code = code;
  }
}
