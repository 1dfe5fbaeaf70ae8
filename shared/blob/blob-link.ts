// A link as the transfer of files sees it, and how large its pieces are there.

import { CHUNK_BYTES_MAX } from "../limits.ts";
import { CHUNK_HEAD_BYTES_MAX } from "../message/blob.ts";
import type { LinkId, LinkTraits } from "../session/link.ts";

/** On a serial line: a byte that is lost costs its frame, and a reading waits some 25 ms at 115,200 baud. */
const SERIAL_CHUNK_BYTES_MAX = 256;

/** Around a message on a serial line: two zeros, a byte of COBS, a checksum (PROTOCOL 3.3). */
const SERIAL_FRAME_BYTES = 7;

export interface BlobLink {
  readonly id: LinkId;
  readonly traits: LinkTraits;
  /** Most bytes that may be on their way to the other side at a time; 0 for no limit. */
  readonly receiveBytesMax: number;
}

/** Most bytes of a file in one message. */
export function chunkBytesMax({ traits, receiveBytesMax }: BlobLink): number {
  const room = traits.messageBytesMax - CHUNK_HEAD_BYTES_MAX;
  const most = traits.kind === "serial" ? SERIAL_CHUNK_BYTES_MAX : CHUNK_BYTES_MAX;
  const piece = receiveBytesMax - SERIAL_FRAME_BYTES - CHUNK_HEAD_BYTES_MAX;
  return Math.max(1, Math.min(room, most, receiveBytesMax === 0 ? most : piece));
}

/** The link to send files on: streams before datagrams before serial lines, then the latest. */
export function bestLink(links: Iterable<BlobLink>): BlobLink | undefined {
  let best: BlobLink | undefined;
  for (const link of links) if (best === undefined || rank(link) >= rank(best)) best = link;
  return best;
}

function rank({ traits }: BlobLink): number {
  return traits.isReliable ? 2 : Number(traits.isDatagram);
}
