// What the flash log promises to its user, case by case.

import { beforeEach, describe, expect, test } from "vitest";
import { ACK_AFTER_BYTES, EPOCHS_LISTED_MAX, FlashLog } from "../../device/flash/flash-log.ts";
import type { LogRecord } from "../../device/flash/record-cursor.ts";
import { DriverFailure, SimulatedFlash } from "./simulated-flash.ts";

const BLOCK_BYTES = 4_096;
const BLOCKS = 4;
const EPOCH = "00112233445566ff8c7a5f11";
const LATER = "0123456789abcdef8c7a5f11";

let flash: SimulatedFlash;

beforeEach(() => {
  flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
});

function open(): FlashLog {
  const log = new FlashLog({ flash });
  log.recover();
  return log;
}

function record(sequence: number, changes: Partial<LogRecord> = {}): LogRecord {
  return {
    epoch: EPOCH,
    sequence,
    count: 1,
    gap: undefined,
    readings: 100,
    firstMs: 1_000 * sequence,
    lastMs: 1_000 * sequence + 900,
    body: new Uint8Array(1_000).fill(sequence),
    ...changes,
  };
}

function fill(log: FlashLog, epoch = EPOCH): number {
  let sequence = 0;
  while (log.append(record(sequence, { epoch })) === "appended") sequence++;
  return sequence;
}

function sequences(log: FlashLog): number[] {
  const all: number[] = [];
  const cursor = log.records();
  for (let found = cursor.next(); found !== undefined; found = cursor.next()) {
    all.push(found.sequence);
  }
  return all;
}

describe("recovering", () => {
  test("a partition with anything in it is an empty log", () => {
    const recovery = new FlashLog({ flash }).recover();
    expect(recovery).toEqual({ epochs: [], isTorn: false, damaged: 0, damagedBlocks: 0 });
  });

  test("tells of each epoch that has records left, oldest first", () => {
    const log = open();
    log.append(record(0));
    log.append(record(1, { gap: "oversize", count: 5, readings: 7 }));
    log.append(record(0, { epoch: LATER }));
    log.acknowledge(EPOCH, 1);
    log.flush();
    expect(new FlashLog({ flash }).recover().epochs).toEqual([
      { epoch: EPOCH, first: 1, next: 6, records: 1, readings: 7, firstMs: 1_000, lastMs: 1_900 },
      { epoch: LATER, first: 0, next: 1, records: 1, readings: 100, firstMs: 0, lastMs: 900 },
    ]);
  });

  test("lists so many epochs at a time, and the others as those are done", () => {
    const log = open();
    const body = Uint8Array.of(1);
    for (let life = 0; life < 2 * EPOCHS_LISTED_MAX + 3; life++) {
      log.append(record(0, { epoch: life.toString(16).padStart(24, "0"), body }));
    }
    const reopened = open();
    const listed: number[] = [];
    for (let epochs = reopened.epochs(); epochs.length > 0; epochs = reopened.epochs()) {
      expect(epochs.length).toBeLessThanOrEqual(EPOCHS_LISTED_MAX);
      for (const { epoch, next } of epochs) {
        listed.push(Number.parseInt(epoch, 16));
        reopened.acknowledge(epoch, next);
      }
    }
    expect(listed).toEqual(Array.from({ length: 2 * EPOCHS_LISTED_MAX + 3 }, (_, life) => life));
  });

  test("an epoch ends with the life that began it", () => {
    open().append(record(0));
    expect(() => open().append(record(1))).toThrow("an epoch ends with the life");
  });
});

describe("a full log", () => {
  test("takes nothing more and keeps all it has, until a block is acknowledged", () => {
    const log = open();
    const count = fill(log);
    expect(count).toBe(3 * BLOCKS);
    log.acknowledge(EPOCH, 2);
    expect(log.append(record(count))).toBe("full");
    log.acknowledge(EPOCH, 3);
    expect(log.append(record(count))).toBe("appended");
    expect(sequences(log)).toEqual(Array.from({ length: count - 2 }, (_, index) => index + 3));
  });

  test("what did not fit becomes one gap, which takes the next number", () => {
    const log = open();
    const count = fill(log);
    log.acknowledge(EPOCH, 3);
    const gap = record(count, { gap: "outbox-full", count: 40, readings: 4_000 });
    expect(log.append(gap)).toBe("appended");
    expect(log.append(record(count + 40))).toBe("appended");
    expect(open().epochs()).toMatchObject([{ first: 3, next: count + 41, records: 11 }]);
  });

  test("a full log of lives before makes room as these are acknowledged", () => {
    fill(open());
    const log = open();
    expect(log.append(record(0, { epoch: LATER }))).toBe("full");
    log.acknowledge(EPOCH, 3 * BLOCKS);
    expect(fill(log, LATER)).toBe(3 * BLOCKS);
  });
});

describe("acknowledging", () => {
  test("another epoch than the oldest changes nothing", () => {
    const log = open();
    log.append(record(0));
    log.append(record(0, { epoch: LATER }));
    log.acknowledge(LATER, 1);
    log.acknowledge("ffffffffffffffffffffffff", 9);
    log.flush();
    expect(
      open()
        .epochs()
        .map(({ epoch }) => epoch),
    ).toEqual([EPOCH, LATER]);
  });

  test("part of what a gap stands for does not release it", () => {
    const log = open();
    log.append(record(0, { gap: "outbox-full", count: 5 }));
    log.acknowledge(EPOCH, 4);
    expect(sequences(log)).toEqual([0]);
    log.acknowledge(EPOCH, 5);
    expect(sequences(log)).toEqual([]);
  });

  test("is written often enough that a cut brings little back", () => {
    const log = open();
    const body = new Uint8Array(60);
    for (let sequence = 0; sequence < 500; sequence++) {
      log.append(record(sequence, { body }));
      log.acknowledge(EPOCH, sequence + 1);
      const [left] = open().epochs();
      expect((left?.records ?? 0) * 60).toBeLessThan(ACK_AFTER_BYTES);
    }
  });

  test("is written while a backlog drains and nothing is appended", () => {
    const log = open();
    const count = fill(log);
    for (let next = 1; next <= count; next++) log.acknowledge(EPOCH, next);
    expect(sequences(open()).length).toBeLessThanOrEqual(1);
  });

  test("after a flush nothing comes back", () => {
    const log = open();
    log.append(record(0, { body: Uint8Array.of(1) }));
    log.acknowledge(EPOCH, 1);
    expect(open().epochs()).toHaveLength(1);
    log.flush();
    expect(open().epochs()).toEqual([]);
  });
});

describe("a cursor", () => {
  test("reads what was appended since it came to the end", () => {
    const log = open();
    const cursor = log.records();
    for (let sequence = 0; sequence < 40; sequence++) {
      expect(cursor.next()).toBeUndefined();
      log.append(record(sequence));
      expect(cursor.next()).toMatchObject({ ...record(sequence), isLost: false });
      log.acknowledge(EPOCH, sequence + 1);
    }
  });

  test("jumps over what was acknowledged behind its back, erased or not", () => {
    const log = open();
    fill(log);
    const cursor = log.records();
    expect(cursor.next()?.sequence).toBe(0);
    log.acknowledge(EPOCH, 7);
    log.append(record(3 * BLOCKS));
    log.append(record(3 * BLOCKS + 1));
    expect(cursor.next()?.sequence).toBe(7);
  });
});

describe("a driver that fails", () => {
  test("costs the record that was being written, and the log goes on behind what is left of it", () => {
    flash = new SimulatedFlash(BLOCK_BYTES, 16);
    const log = open();
    const kept: number[] = [];
    let failed = 0;
    let sequence = 0;
    for (let round = 0; round < 200; round++) {
      if (round % 2 === 0) flash.worksUntilFailure = (round / 2) % 5;
      const epoch = round < 100 ? EPOCH : LATER; // the next block's header has the later one
      if (round === 100) sequence = 0;
      try {
        const body = new Uint8Array(90).fill(round);
        expect(log.append(record(sequence, { epoch, body }))).toBe("appended");
        kept.push(sequence++);
      } catch (error) {
        if (!(error instanceof DriverFailure)) throw error;
        failed++;
      }
    }
    expect(failed).toBeGreaterThan(20);
    expect(sequences(log)).toEqual(kept);
    expect(sequences(open())).toEqual(kept);
  });

  test("does not lend an old block the epoch of one that did not come to be", () => {
    const log = open();
    for (let sequence = 0; sequence < 3; sequence++) log.append(record(sequence));
    flash.worksUntilFailure = 1; // erase, then the header
    expect(() => log.append(record(0, { epoch: LATER }))).toThrow(DriverFailure);
    expect(log.append(record(0, { epoch: LATER, body: Uint8Array.of(1) }))).toBe("appended");
    expect(
      open()
        .epochs()
        .map(({ epoch, records }) => [epoch, records]),
    ).toEqual([
      [EPOCH, 3],
      [LATER, 1],
    ]);
  });
});
