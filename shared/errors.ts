// The one table of codes with which this protocol says that something went wrong (PROTOCOL 8), and
// whose fault it was: `line` is noise (counted, skipped), `peer` is a broken promise (the session
// ends). Errors of the environment are `Error`s with a cause and belong to device/ and host/.

/** Why a frame was given up. Nothing but a counter comes of it. */
export type NoiseReason = "checksum" | "cobs" | "too-short" | "too-long";

/** Why a peer was turned away, as `refuse` carries it. The order is the wire's: do not change it. */
export const REFUSAL_CODES = [
  "version", // it speaks another protocol version
  "malformed", // a message that cannot be decoded, with a valid checksum
  "unexpected", // a message that has no place in this state or direction
  "epoch-reused", // it counts from a sequence that the store has already passed
  "schema", // a schema that cannot be, or a batch that does not fit its schema
  "keys", // it came in the clear where keys are required, or under another device's key
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Why a session or link ends in order, as `bye` carries it. The order is the wire's. */
export const BYE_REASONS = [
  "done", // nothing more to say
  "going-down", // the peer stops
  "unknown-session", // say hello first: this side does not know the link's session
  "busy", // come back after the stated time
] as const;

export type ByeReason = (typeof BYE_REASONS)[number];

/** Why readings are missing, as `gap` carries it. The order is the wire's. */
export const GAP_REASONS = [
  "outbox-full", // the device had no room left
  "oversize", // a row that fits no batch
  "damaged", // kept by the device, and then it could not be read or sent any more
  "elsewhere", // acknowledged to another store; written by the host, never sent
  "refused", // in a batch that the host could not read and keeps aside; written by the host, never sent
] as const;

export type GapReason = (typeof GAP_REASONS)[number];

/** How a command ended, as `result` carries it, and as `senda send` exits. The order is the wire's. */
export const COMMAND_STATUSES = [
  "success",
  "failed", // the device tried, and could not
  "unknown-command", // the device has none of this name
  "bad-arguments", // not what the command takes; nothing was done
  "busy", // not now
  "no-answer", // none came in time: it may or may not have run; said by the host, never sent
  "away", // the device did not come back in time: it never ran; said by the host, never sent
  "restarted", // the device began anew before it answered: it may or may not have run
] as const;

export type CommandStatus = (typeof COMMAND_STATUSES)[number];

/** What a file is for, as `blob` names it. */
export const BLOB_PURPOSES = ["file", "firmware"] as const;

export type BlobPurpose = (typeof BLOB_PURPOSES)[number];

/** How the transfer of a file ended, as `blob-end` carries it. The order is the wire's. */
export const BLOB_STATUSES = [
  "done", // all of it is kept, and its hash is right
  "cancelled", // somebody changed their mind
  "not-found", // there is no such file
  "refused", // its name, its purpose, or what it holds is not taken
  "too-large", // more than this side keeps of one file, or of all
  "no-space", // the disk or the flash is full
  "corrupt", // it came, and its hash is another: the file changed on the way or at its source
  "failed", // a file could not be read or written
  "busy", // too many at once: ask again later
  "unknown", // nothing is known of such a transfer: offer it again
] as const;

export type BlobStatus = (typeof BLOB_STATUSES)[number];

/** The outcome of decoding bytes from outside: a value, or whose fault it is that there is none. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      /** The version that the peer speaks, where `code` is "version". */
      readonly peerVersion?: number;
    };

/** Ends with an Error where our own code broke its promise. Never used on input from outside. */
export function assert(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`senda: broken promise: ${promise}`);
}
