// Promise 7: bounded. The device's outbox stays within the memory that it was given; no device sends
// beyond the window that the collector grants; the collector keeps no more early records, unstored
// records and links than their bounds allow.

import type { Outbox } from "../../../shared/outbox.ts";
import type { HostSession } from "../../../shared/session/host-session.ts";
import type { Life } from "../life.ts";

/** WINDOW_RECORDS_MAX of shared/limits.ts, said again: a checker does not move with what it checks. */
const WINDOW_RECORDS = 256;

/** First bytes of the messages that carry records (PROTOCOL 4.6, 4.7). */
const BATCH_CODE = 0x10;
const GAP_CODE = 0x11;

const TOKEN_BYTES = 4;

/**
 * Links of one device on the collector: a serial line, and what opens in the 15 s after which a silent
 * link is given up, the fastest being a path that fails and comes back each quarter of a second.
 */
const LINKS_PER_DEVICE_MAX = 64;

export class Bounds {
  readonly name = "bounds";

  checkOutbox(life: Life, outbox: Outbox): string | undefined {
    const { outboxBytes, outboxRecords } = life.device.plan;
    if (outbox.bytesUsed > outboxBytes) {
      return `the outbox holds ${outbox.bytesUsed} bytes in ${outboxBytes}`;
    }
    return outbox.records > outboxRecords
      ? `the outbox holds ${outbox.records} records, ${outboxRecords} are allowed`
      : undefined;
  }

  checkSession(session: HostSession): string | undefined {
    const { earlyCount, received, stored } = session;
    if (earlyCount >= WINDOW_RECORDS) return `${earlyCount} early records are kept`;
    return stored > received
      ? `the records before ${stored} are stored, the session waits for ${received}`
      : undefined;
  }

  /** `durableNext`: all records before it are durable, so no acknowledgement can have granted more. */
  checkArrival(message: Uint8Array, isDatagram: boolean, durableNext: number): string | undefined {
    const start = isDatagram ? TOKEN_BYTES : 0;
    const code = message[start];
    if (code !== BATCH_CODE && code !== GAP_CODE) return undefined;
    const sequence = readVarint(message, start + 1);
    return sequence >= durableNext + WINDOW_RECORDS
      ? `record ${sequence} is sent; the window ends before ${durableNext + WINDOW_RECORDS}`
      : undefined;
  }

  checkCollector(links: number, recordsWaiting: number, devices: number): string | undefined {
    if (links > devices * LINKS_PER_DEVICE_MAX) return `${links} links for ${devices} devices`;
    return recordsWaiting > devices * 2 * WINDOW_RECORDS
      ? `${recordsWaiting} records wait for the disk`
      : undefined;
  }
}

/** LEB128, as PROTOCOL 2.1 has it. */
function readVarint(bytes: Uint8Array, start: number): number {
  let value = 0;
  let scale = 1;
  for (let at = start; at < bytes.length; at++) {
    value += (bytes[at]! & 0x7f) * scale;
    if (bytes[at]! < 0x80) return value;
    scale *= 0x80;
  }
  return value;
}
