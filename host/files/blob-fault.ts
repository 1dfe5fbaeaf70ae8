// The system's errors as the other side of a transfer is told of them: by their code, without the paths
// of this machine.

import { BlobFault } from "../../shared/blob/shelf.ts";

const FULL = ["ENOSPC", "EDQUOT", "EFBIG"];
const MISSING = ["ENOENT", "ENOTDIR", "EISDIR"];

/** `what`: what could not be done, for people. */
export function blobFault(error: unknown, what: string): BlobFault {
  if (error instanceof BlobFault) return error;
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  if (FULL.includes(code)) return new BlobFault("no-space", `the disk is full (${code})`, error);
  if (MISSING.includes(code)) return new BlobFault("not-found", "there is no such file", error);
  return new BlobFault("failed", `${what} (${code})`, error);
}
