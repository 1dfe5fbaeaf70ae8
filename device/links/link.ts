// A link on the device: one open path, with its framing. The uplink offers it messages whenever
// something has changed; it takes as many as it has room for.

import type { ByteWriter } from "../../shared/bytes/cursor.ts";
import type { LinkTraits } from "../../shared/session/link.ts";

/** What a link tells its owner. It never calls from inside its constructor or from inside `transmit`. */
export interface LinkListener {
  /** The path stands; messages may be sent. */
  handleOpen(): void;
  handleMessage(bytes: Uint8Array): void;
  /** There is room again. */
  handleRoom(): void;
  /** The path is gone and the link has closed itself. */
  handleClosed(): void;
}

/** Writes the next message at the writer's position; false where there is none. */
export type MessageSource = (writer: ByteWriter) => boolean;

export interface Link {
  readonly traits: LinkTraits;
  /** Sends messages from `source` while there is room. Safe at any time, also once closed. */
  transmit(source: MessageSource): void;
  close(): void;
}
