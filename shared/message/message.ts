// The messages of the protocol and their codes. PROTOCOL 4. What travels all the time has a fixed
// binary layout, what is rare is CBOR. Codes that text uses (tab, line feed, carriage return,
// escape) are left out, so that no frame on a serial line can look like text (shared/frame/serial.ts).

import type {
  BlobPurpose,
  BlobStatus,
  ByeReason,
  CommandStatus,
  GapReason,
  RefusalCode,
} from "../errors.ts";

/** First byte of each message. */
export const MESSAGE_CODES = {
  hello: 0x01,
  welcome: 0x02,
  refuse: 0x03,
  schema: 0x04,
  want: 0x05,
  command: 0x06,
  result: 0x07,
  progress: 0x08,
  blob: 0x0b,
  "blob-end": 0x0c,
  batch: 0x10,
  gap: 0x11,
  ack: 0x12,
  ping: 0x13,
  pong: 0x14,
  bye: 0x15,
  chunk: 0x16,
  "chunk-ack": 0x17,
} as const;

/** A schema that a device uses in this epoch: its number and the hash of its encoding. */
export interface SchemaReference {
  readonly number: number;
  readonly hash: number;
}

/** Device to host: who I am and where I stand. Opens a session on a link. PROTOCOL 4.2. */
export interface Hello {
  readonly kind: "hello";
  readonly version: number;
  /** Picked anew for each link that opens; the welcome repeats it. */
  readonly nonce: number;
  readonly device: string;
  /** One life of the outbox: 16 hexadecimal digits, random. */
  readonly epoch: string;
  readonly firmware: string;
  readonly reset: string;
  /** Device uptime when the hello was made; null where the epoch is of an earlier life, whose clock has stopped. */
  readonly uptimeMs: number | null;
  /** Random, picked when the device started: commands are for one life of it. */
  readonly life: number;
  /** The oldest record that the device still has, or `next` where it has none. */
  readonly first: number;
  /** The number that its next new record will get. */
  readonly next: number;
  readonly schemas: readonly SchemaReference[];
  /** Most bytes that may be on their way to the device at a time on this link; 0 for no such limit. */
  readonly receiveBytesMax: number;
}

/** Host to device: where I stand. PROTOCOL 4.3. */
export interface Welcome {
  readonly kind: "welcome";
  readonly version: number;
  readonly nonce: number;
  /** Precedes every message on a datagram link from here on; 0 on other links. */
  readonly token: number;
  /** All records before this one are stored. */
  readonly next: number;
  /** Records that may be sent from `next` on. */
  readonly window: number;
  /** Numbers of the schemas that the host asks for. */
  readonly wanted: readonly number[];
  /** Name and version of the collector, for the device's log. */
  readonly collector: string;
}

/** Either side: no, and why. Ends the session on this link. PROTOCOL 4.4. */
export interface Refuse {
  readonly kind: "refuse";
  /** The version that the refusing side speaks. */
  readonly version: number;
  readonly code: RefusalCode;
  readonly detail: string;
}

/** Device to host: the channels behind a schema number. PROTOCOL 4.5. */
export interface SchemaMessage {
  readonly kind: "schema";
  readonly number: number;
  /** As `encodeSchema` makes it. */
  readonly body: Uint8Array;
}

/** Host to device: send me this schema. */
interface Want {
  readonly kind: "want";
  readonly number: number;
}

/** Names a command: whose it is, and which of theirs. Numbers rise with each command of an author to a device. */
export interface CommandId {
  /** Random, picked by each host when it starts. */
  readonly author: number;
  readonly number: number;
}

/** Host to device: do this, once. PROTOCOL 4.11. */
export interface CommandMessage extends CommandId {
  readonly kind: "command";
  /** The life of the device for which it is; another one must not run it. */
  readonly life: number;
  /** The host repeats it for no longer than this from when it was first sent. */
  readonly withinMs: number;
  /** As `encodeCommandBody` makes it (shared/command.ts). */
  readonly body: Uint8Array;
}

/** Device to host: how the command ended. PROTOCOL 4.11. */
export interface ResultMessage extends CommandId {
  readonly kind: "result";
  readonly status: CommandStatus;
  /** One CBOR item: the value, or where the status is another than success, a text for people. */
  readonly body: Uint8Array;
}

/** Device to host: how far the command is. PROTOCOL 4.11. */
export interface ProgressMessage extends CommandId {
  readonly kind: "progress";
  readonly done: number;
  /** 0 where nobody knows. */
  readonly total: number;
}

/** Device to host: one batch. PROTOCOL 4.6. */
export interface BatchMessage {
  readonly kind: "batch";
  readonly sequence: number;
  /** As the batch encoder makes it; a view of the message. */
  readonly body: Uint8Array;
}

/** Device to host: records that no longer exist. Stands in their place in the sequence. PROTOCOL 4.7. */
export interface Gap {
  readonly kind: "gap";
  readonly sequence: number;
  /** How many sequence numbers it stands for, from `sequence` on. */
  readonly count: number;
  /** Readings that were dropped. */
  readonly readings: number;
  /** Device uptime at the first and the last of them. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly reason: GapReason;
}

/** Host to device: what is stored. PROTOCOL 4.8. */
export interface Ack {
  readonly kind: "ack";
  /** All records before this one are stored. */
  readonly next: number;
  /** Records that may be sent from `next` on. */
  readonly window: number;
  /** Bit i of byte j: record `next + 8 j + i` has come, though it is not stored yet. */
  readonly bitmap: Uint8Array;
}

/** Either side: are you there? PROTOCOL 4.9. */
interface Ping {
  readonly kind: "ping";
  readonly id: number;
}

/** The answer, with the answering side's monotonic clock; from a device that is its uptime. */
export interface Pong {
  readonly kind: "pong";
  readonly id: number;
  readonly timeMs: number;
}

/** Either side: the session ends on this link. PROTOCOL 4.10. */
interface Bye {
  readonly kind: "bye";
  readonly reason: ByeReason;
  /** How long to stay away; 0 for as you like. */
  readonly retryAfterMs: number;
}

/** Either side: a file that I have for you, or one that I ask you for. PROTOCOL 4.14. */
export interface Blob {
  readonly kind: "blob";
  /** 32 random bits, picked by whoever spoke first of it. */
  readonly id: number;
  readonly purpose: BlobPurpose;
  readonly name: string;
  /** Null, as the hash is, where the file is asked for. */
  readonly sizeBytes: number | null;
  /** 64 hexadecimal digits. */
  readonly sha256: string | null;
}

/** Either side: it is over, and how. PROTOCOL 4.15. */
export interface BlobEnd {
  readonly kind: "blob-end";
  readonly id: number;
  readonly status: BlobStatus;
  /** Where it is "done": the name under which the file is kept; else what happened, for people. */
  readonly text: string;
}

/** The sender of a blob: a piece of it. PROTOCOL 4.16. */
export interface Chunk {
  readonly kind: "chunk";
  readonly id: number;
  readonly offset: number;
  /** A view of the message. */
  readonly body: Uint8Array;
}

/** The receiver of a blob: how far it has it. PROTOCOL 4.17. */
export interface ChunkAck {
  readonly kind: "chunk-ack";
  readonly id: number;
  /** All bytes before this one are kept. */
  readonly next: number;
  /** Bytes that may be sent from `next` on. */
  readonly windowBytes: number;
}

/** What the transfer of files says (shared/blob). */
export type BlobMessage = Blob | BlobEnd | Chunk | ChunkAck;

export type Message =
  | Hello
  | Welcome
  | Refuse
  | SchemaMessage
  | Want
  | CommandMessage
  | ResultMessage
  | ProgressMessage
  | BatchMessage
  | Gap
  | Ack
  | Ping
  | Pong
  | Bye
  | BlobMessage;
