// What the store's client asks of its worker thread, and what the worker says back. Operations are
// applied in the order in which they were handed in, many to a transaction; nothing is answered
// before the transaction that holds it is on disk.

import type { Gap, Hello } from "../../shared/message/message.ts";
import type { Resumed } from "../../shared/session/host-event.ts";
import type { UtcSample } from "../time/utc-sample.ts";
import type { WriteOptions } from "./open.ts";
import type { StoreErrorCode } from "./store-error.ts";
import type { JsonValue } from "./value.ts";

/** Something that operators want to know of. */
export interface StoreEvent {
  readonly atUs: number;
  /** Name of the device that it is about, if any. */
  readonly device?: string;
  /** One word for programs: "appeared", "restarted", "gap", "refused" ... */
  readonly kind: string;
  /** A sentence for people. */
  readonly text: string;
}

/** Every operation but a batch, which goes as bytes (host/store/packet.ts). `ask` names what waits for the answer. */
export type Operation =
  | {
      readonly kind: "resume";
      readonly ask: number;
      readonly hello: Hello;
      readonly receivedUs: number;
    }
  | {
      readonly kind: "schema";
      readonly epochId: number;
      readonly number: number;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: "gap";
      readonly epochId: number;
      readonly gap: Gap;
      readonly receivedUs: number;
    }
  | { readonly kind: "clock"; readonly epochId: number; readonly sample: UtcSample }
  | { readonly kind: "event"; readonly event: StoreEvent }
  | { readonly kind: "flush"; readonly ask: number };

/** What one transaction brought, told once it is on disk. */
export interface Commit {
  /** Epochs that got on. */
  readonly stored: readonly StoredEpoch[];
  /** Records that cannot be stored, and why. The epoch's later records wait for them. */
  readonly refused: readonly RefusedRecord[];
  /** Of each epoch the first record that was kept aside instead of stored, and why. */
  readonly keptAside?: readonly RefusedRecord[];
  /** The last value of each channel among the batches of this commit. */
  readonly latest: readonly LatestValues[];
  readonly batches: number;
  readonly readings: number;
  readonly gaps: number;
  /** Records that were stored before. */
  readonly duplicates: number;
}

interface StoredEpoch {
  readonly epochId: number;
  /** Every record before this one is on disk. */
  readonly next: number;
  /** Readings that this commit brought. */
  readonly readings: number;
}

export interface RefusedRecord {
  readonly epochId: number;
  readonly sequence: number;
  readonly fault: string;
}

export interface LatestValues {
  readonly epochId: number;
  readonly device: string;
  /** Device uptime at the last row stored. */
  readonly lastMs: number;
  /** By channel name. */
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** What the store says to a hello. */
export interface ResumedEpoch extends Resumed {
  readonly epochId: number;
}

/** The answer to one `ask`; without `resumed` and `fault` it says just that all is on disk. */
export interface Answer {
  readonly ask: number;
  readonly resumed?: ResumedEpoch;
  readonly fault?: Fault;
}

/** A StoreError on its way between threads. */
export interface Fault {
  readonly code: StoreErrorCode;
  readonly message: string;
}

/** The store cannot write, or can again. */
export interface Trouble {
  /** False while nothing is stored and nothing acknowledged; true once all is well again. */
  readonly isOver: boolean;
  /** What failed and what to do, for people. */
  readonly text: string;
}

/** What one transaction did, as the worker tells its client. */
export interface Outcome {
  readonly commit: Commit;
  readonly answers: readonly Answer[];
  /** Operations that it took. */
  readonly operations: number;
}

/** Operations of one turn of the client's event loop, in order: batches in `bytes`, others beside them. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly operations: readonly Operation[];
  /** Batches and others together. */
  readonly count: number;
}

export type MessageToWorker =
  | { readonly kind: "packet"; readonly packet: Packet }
  | { readonly kind: "limit"; readonly sizeBytesMax: number }
  | { readonly kind: "close" };

export type MessageFromWorker =
  | { readonly kind: "opened" }
  | { readonly kind: "refused"; readonly fault: Fault }
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "trouble"; readonly trouble: Trouble }
  | { readonly kind: "closed"; readonly fault?: Fault };

/** What the worker is started with. */
export interface WorkerOptions extends WriteOptions {
  readonly path: string;
}
