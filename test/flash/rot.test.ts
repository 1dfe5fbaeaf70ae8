// Bits rot: each single bit of a whole log is flipped in turn. A flip costs the entry that it is in and
// no other, what is lost is told of, and with the right count of readings wherever a neighbour knows it.

import { describe, expect, test } from "vitest";
import { BLOCK_HEADER_BYTES } from "../../device/flash/block-header.ts";
import { FlashLog, type Recovery } from "../../device/flash/flash-log.ts";
import type { FoundRecord, LogRecord } from "../../device/flash/record-cursor.ts";
import { SimulatedFlash } from "./simulated-flash.ts";

const BLOCK_BYTES = 272;
const BLOCKS = 6;
const BODY_BYTES_MAX = 120;
const EPOCHS = ["00112233445566ff8c7a5f11", "8899aabbccddeeff8c7a5f11"];

function open(flash: SimulatedFlash): { log: FlashLog; recovery: Recovery } {
  const log = new FlashLog({ flash, bodyBytesMax: BODY_BYTES_MAX });
  return { log, recovery: log.recover() };
}

function readAll(log: FlashLog): FoundRecord[] {
  const all: FoundRecord[] = [];
  const cursor = log.records();
  for (let found = cursor.next(); found !== undefined; found = cursor.next()) {
    all.push({ ...found, body: Uint8Array.from(found.body) });
  }
  return all;
}

/** Two epochs over all blocks; the first records are acknowledged. */
function fill(flash: SimulatedFlash): LogRecord[] {
  const { log } = open(flash);
  const appended: LogRecord[] = [];
  for (const [index, epoch] of EPOCHS.entries()) {
    for (let sequence = 0; appended.length < 9 * (index + 1); ) {
      const isGap = sequence === 4;
      const record: LogRecord = {
        epoch,
        sequence,
        count: isGap ? 3 : 1,
        gap: isGap ? "outbox-full" : undefined,
        readings: 10 + appended.length,
        firstMs: 100 * appended.length,
        lastMs: 100 * appended.length + 99,
        body: new Uint8Array(isGap ? 0 : 8 + 5 * sequence).fill(sequence),
      };
      expect(log.append(record)).toBe("appended");
      appended.push(record);
      sequence += record.count;
    }
  }
  log.acknowledge(EPOCHS[0]!, 2);
  log.flush();
  return appended;
}

function keyOf({ epoch, sequence }: LogRecord): string {
  return `${epoch} ${sequence}`;
}

interface Verdict {
  /** A record is gone. */
  isLost: boolean;
  /** Gaps tell exactly what it was. */
  isAccounted: boolean;
}

/** Compares what is found to what was appended, and throws where more than one record is concerned. */
function judge(
  flash: SimulatedFlash,
  appended: readonly LogRecord[],
  acknowledged: number,
): Verdict {
  const { log, recovery } = open(flash);
  const found = readAll(log);
  const byKey = new Map(appended.map((record) => [keyOf(record), record]));
  const whole = new Set<string>();
  for (const { isLost, ...record } of found) {
    if (isLost) continue;
    whole.add(keyOf(record));
    if (JSON.stringify(record) !== JSON.stringify(byKey.get(keyOf(record)))) {
      expect(record, "nothing but what was appended").toEqual(byKey.get(keyOf(record)));
    }
  }
  const gone = appended.slice(acknowledged).filter((record) => !whole.has(keyOf(record)));
  if (gone.length > 1) expect(gone, "one record at most").toHaveLength(1);
  // An acknowledged record may be told of again; a host drops it by its number.
  const released = new Set(appended.slice(0, acknowledged).map(keyOf));
  const lost = found.filter((one) => one.isLost && !released.has(keyOf(one)));
  if (gone.length === 0) {
    expect(lost).toEqual([]);
    return { isLost: false, isAccounted: true };
  }
  const [record] = gone as [LogRecord];
  const numbers = lost.reduce((sum, { count }) => sum + count, 0);
  const readings = lost.reduce((sum, one) => sum + one.readings, 0);
  const isAccounted =
    numbers === record.count && readings === record.readings && keyOf(lost[0]!) === keyOf(record);
  if (lost.length > 0 && !isAccounted) expect(lost, "told of as it was").toEqual(record);
  if (lost.length === 0 && recovery.damaged === 0 && !recovery.isTorn)
    expect.fail("lost in silence");
  return { isLost: true, isAccounted };
}

test("each bit of the log, one at a time", () => {
  const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
  const appended = fill(flash);
  expect(judge(flash, appended, 2)).toEqual({ isLost: false, isAccounted: true });
  const bits = 8 * flash.bytes.length;
  let lost = 0;
  let unaccounted = 0;
  for (let bit = 0; bit < bits; bit++) {
    const rotten = flash.clone(bit);
    rotten.bytes[bit >> 3]! ^= 1 << (bit & 7);
    const verdict = judge(rotten, appended, 2);
    if (verdict.isLost) lost++;
    if (!verdict.isAccounted) unaccounted++;
  }
  console.log(`${bits} flips: ${lost} cost a record, ${unaccounted} of them without its count`);
  expect(lost).toBeGreaterThan(bits / 4);
  // Only the heads of the last record of each epoch have no neighbour that tells of them.
  expect(unaccounted).toBeLessThan(8 * 2 * 20);
});

describe("blocks", () => {
  test("without its header a block is lost, and what it held is accounted for", () => {
    const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
    const appended = fill(flash);
    flash.bytes.fill(0x55, BLOCK_BYTES, BLOCK_BYTES + BLOCK_HEADER_BYTES);
    const { log, recovery } = open(flash);
    expect(recovery).toMatchObject({ damagedBlocks: 1, damaged: 0, isTorn: false });
    const found = readAll(log);
    expect(found.some(({ isLost }) => isLost)).toBe(true);
    const sum = (records: readonly LogRecord[]) =>
      records.reduce((total, { readings }) => total + readings, 0);
    expect(sum(found.filter(({ epoch }) => epoch === EPOCHS[1]))).toBe(sum(appended.slice(9)));
  });

  test("a host that has stored a part of what was lost is not told of that part", () => {
    const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
    fill(flash);
    flash.bytes.fill(0x55, BLOCK_BYTES, BLOCK_BYTES + BLOCK_HEADER_BYTES);
    const { log } = open(flash);
    const [first, second] = readAll(log).filter(({ isLost }) => isLost) as [
      FoundRecord,
      FoundRecord,
    ];
    log.acknowledge(first.epoch, second.sequence);
    expect(readAll(log)[0]).toMatchObject({ epoch: second.epoch, sequence: second.sequence });
  });
});

test.each([0, 1, 2, 3])(
  "a body that holds a copy of an entry does not bring it back when its head rots, %i bytes in",
  (shift) => {
    const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
    const { log } = open(flash);
    const epoch = EPOCHS[0]!;
    const facts = { epoch, count: 1, gap: undefined, readings: 1, firstMs: 0, lastMs: 0 };
    log.append({ ...facts, sequence: 0, body: Uint8Array.of(1, 2, 3) });
    const blank = flash.bytes.indexOf(0xff, BLOCK_HEADER_BYTES);
    const second = Math.ceil(blank / 4) * 4;
    const body = new Uint8Array(60).fill(0x11);
    body.set(flash.bytes.subarray(BLOCK_HEADER_BYTES, second), shift);
    log.append({ ...facts, sequence: 1, body });
    log.append({ ...facts, sequence: 2, body: Uint8Array.of(4) });
    flash.bytes[second + 1]! ^= 4;
    const found = readAll(open(flash).log);
    expect(found.map(({ sequence, isLost }) => [sequence, isLost])).toEqual([
      [0, false],
      [1, true],
      [2, false],
    ]);
  },
);
