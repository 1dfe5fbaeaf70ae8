// What a running collector tells those who watch it: the terminal, `--json`, the log.

import type { CommandStatus } from "../../shared/errors.ts";
import type { SealCounters } from "../../shared/seal/host-seal.ts";
import type { LinkTraits } from "../../shared/session/link.ts";
import type { DeviceBlobEvent } from "./blob-desk.ts";

export type CollectorEvent =
  | {
      readonly event: "connected";
      readonly device: string;
      readonly epoch: string;
      readonly link: LinkTraits["kind"];
      readonly where: string;
    }
  | {
      readonly event: "disconnected";
      readonly device: string;
      readonly link: LinkTraits["kind"];
      readonly where: string;
      readonly why: string;
    }
  /** The device began anew, and records that it had are gone: it kept them in memory only. */
  | {
      readonly event: "restarted";
      readonly device: string;
      readonly reset: string;
      readonly lostRecords: number;
    }
  /** Someone was turned away, or never said who they are. */
  | { readonly event: "refused"; readonly where: string; readonly why: string }
  /** Text that a device printed on its serial line. */
  | { readonly event: "console"; readonly where: string; readonly text: string }
  /** Readings that a device had to drop. */
  | {
      readonly event: "gap";
      readonly device: string;
      readonly readings: number;
      readonly reason: string;
    }
  /** A batch could not be read: its bytes are kept aside. Told of the first of each epoch. */
  | { readonly event: "kept-aside"; readonly device: string; readonly why: string }
  /** Somebody asked a device to do something; `text` is the command without what is secret. */
  | {
      readonly event: "command";
      readonly device: string;
      readonly command: string;
      readonly text: string;
    }
  /** How a command ended; `text` says why where it is no success. */
  | {
      readonly event: "result";
      readonly device: string;
      readonly command: string;
      readonly status: CommandStatus;
      readonly text: string;
    }
  /** The file of keys changed, or could not be read again (isOk false): then those from before still hold. */
  | { readonly event: "keys"; readonly isOk: boolean; readonly text: string }
  /** Something about plain clients (host/plain) that an operator may want to know. */
  | { readonly event: "plain"; readonly where: string; readonly text: string }
  /** A file came from a device, or went to it, or did not. */
  | ({ readonly event: "file" } & DeviceBlobEvent)
  /** The store cannot write (isOver false), or can again. */
  | { readonly event: "trouble"; readonly isOver: boolean; readonly text: string };

/** Counters since the collector started. */
export interface CollectorCounters {
  /** Stored and synced to disk. */
  batches: number;
  readings: number;
  gaps: number;
  gapReadings: number;
  /** Records that came again and were not stored again. */
  duplicates: number;
  /** Pieces of input that were no frame, and the bytes in them. */
  noise: number;
  noiseBytes: number;
  /** Messages with a good checksum that were no use. */
  ignored: number;
  /** Peers turned away. */
  refusals: number;
  /**
   * Sealed sessions: see SealCounters; `clear` came without a seal where one is required, `excessFrames`
   * faster than a link may bring them.
   */
  seal: SealCounters & { clear: number; misbound: number; excessFrames: number };
}
