// What carries files over a session's links, beside its records: shared/blob, as sessions see it. It
// outlives them.

import type { ByteWriter } from "../bytes/cursor.ts";
import type { BlobMessage } from "../message/message.ts";
import type { LinkId } from "./link.ts";

export interface BlobPort {
  /** A message that came on a link in session; a view of the input. */
  handleMessage(link: LinkId, message: BlobMessage, nowMs: number): void;
  /** Writes the next message for a link in session. False where there is nothing to say on it. */
  writeNext(link: LinkId, writer: ByteWriter, nowMs: number): boolean;
}
