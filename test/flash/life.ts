// A device's lives with a flash log, and beside it the checker: a plain list of all that was appended.
// After each power cut the log must hold what the list says, neither less nor other.

import { expect } from "vitest";
import { FlashLog, type Recovery } from "../../device/flash/flash-log.ts";
import type { LogRecord } from "../../device/flash/record-cursor.ts";
import { GAP_REASONS } from "../../shared/errors.ts";
import { PowerCut, type SimulatedFlash } from "./simulated-flash.ts";

export type Operation =
  /** `gap`: index of the reason; undefined for a batch. */
  | { kind: "append"; bytes: number; readings: number; gap?: number; count?: number }
  /** The oldest epoch up to the record so far on. */
  | { kind: "acknowledge"; records: number }
  /** Some other epoch, or numbers long acknowledged: nothing may come of it. */
  | { kind: "acknowledge-other" }
  | { kind: "begin-epoch" }
  | { kind: "flush" }
  | { kind: "reboot" };

/** Texts for comparing, short in messages. */
function textOf(record: LogRecord, isLost = false): string {
  const { epoch, sequence, count, gap, readings, firstMs, lastMs, body } = record;
  const what = isLost ? "lost" : (gap ?? Buffer.from(body).toString("hex"));
  return `${epoch} ${sequence}+${count} ${readings} ${firstMs}-${lastMs} ${what}`;
}

interface Kept {
  readonly epoch: string;
  readonly end: number;
  readonly text: string;
  /** As a gap in its place tells of it. */
  readonly textIfLost: string;
  isLost: boolean;
}

export class Life {
  log!: FlashLog;
  recovery!: Recovery;
  readonly flash: SimulatedFlash;
  readonly #bodyBytesMax: number;
  /** All that may still be in the log, oldest first. */
  #kept: Kept[] = [];
  /** So many of them were acknowledged, or an acknowledgement was under way. */
  #acknowledged = 0;
  /** What was being appended when the power failed. */
  #halfKept: Kept | undefined;
  #epochs = 0;
  #epoch = "";
  #next = 0;
  #uptimeMs = 0;
  #bodySeed = 0;

  constructor(flash: SimulatedFlash, bodyBytesMax: number) {
    this.flash = flash;
    this.#bodyBytesMax = bodyBytesMax;
    this.boot();
  }

  get kept(): number {
    return this.#kept.length - this.#acknowledged;
  }

  /** Starts over with what is in flash, and checks that it is what it should be. */
  boot(): void {
    const { flash } = this;
    const writtenBefore = flash.bytesWritten + flash.steps;
    this.log = new FlashLog({ flash, bodyBytesMax: this.#bodyBytesMax });
    this.recovery = this.log.recover();
    this.#checkRecovered();
    const written = flash.bytesWritten + flash.steps;
    if (written !== writtenBefore) expect.fail("a recovery writes nothing");
    this.#beginEpoch();
  }

  run(operation: Operation): void {
    switch (operation.kind) {
      case "append":
        this.#append(operation);
        break;
      case "acknowledge":
        this.#acknowledge(operation.records);
        break;
      case "acknowledge-other":
        this.#acknowledgeOther();
        break;
      case "begin-epoch":
        this.#beginEpoch();
        break;
      case "flush":
        this.log.flush();
        break;
      case "reboot":
        this.boot();
    }
  }

  /** Runs until the power fails, if it does, and boots again. Returns whether it failed. */
  runUntilCut(operations: readonly Operation[]): boolean {
    try {
      for (const operation of operations) this.run(operation);
      return false;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.flash.powerOn();
      this.boot();
      return true;
    }
  }

  /** All that a cursor reads is all that is not acknowledged, without a reboot. */
  checkLive(): void {
    const kept = this.#kept.slice(this.#acknowledged).map(textOfKept);
    expectSame(this.#texts(), kept, "what is not acknowledged");
  }

  #beginEpoch(): void {
    this.#epoch = (++this.#epochs).toString(16).padStart(24, "0");
    this.#next = 0;
  }

  #append(operation: Operation & { kind: "append" }): void {
    const { gap, readings } = operation;
    const body = new Uint8Array(gap === undefined ? operation.bytes : 0);
    for (let index = 0; index < body.length; index++) body[index] = this.#bodySeed++ % 255;
    const firstMs = this.#uptimeMs;
    this.#uptimeMs += 1 + (readings % 7);
    const record: LogRecord = {
      epoch: this.#epoch,
      sequence: this.#next,
      count: gap === undefined ? 1 : (operation.count ?? 1),
      gap: gap === undefined ? undefined : GAP_REASONS[gap]!,
      readings,
      firstMs,
      lastMs: this.#uptimeMs,
      body,
    };
    const end = record.sequence + record.count;
    const text = textOf(record);
    const textIfLost = textOf(record, true);
    const kept: Kept = { epoch: record.epoch, end, text, textIfLost, isLost: false };
    this.#halfKept = kept;
    const outcome = this.log.append(record);
    this.#halfKept = undefined;
    if (outcome === "full") return;
    this.#kept.push(kept);
    this.#next = end;
  }

  #acknowledge(records: number): void {
    const oldest = this.#kept[this.#acknowledged];
    if (oldest === undefined || records === 0) return;
    let last = this.#acknowledged;
    for (let count = 1; count < records; count++) {
      if (this.#kept[last + 1]?.epoch === oldest.epoch) last++;
    }
    this.#acknowledged = last + 1;
    this.log.acknowledge(oldest.epoch, this.#kept[last]!.end);
  }

  #acknowledgeOther(): void {
    const oldest = this.#kept[this.#acknowledged];
    const newest = this.#kept.at(-1);
    if (oldest === undefined || newest === undefined) return;
    if (newest.epoch !== oldest.epoch) this.log.acknowledge(newest.epoch, newest.end);
    this.log.acknowledge("ffffffffffffffffffffffff", 1_000);
    const before = this.#kept[this.#acknowledged - 1];
    if (before !== undefined) this.log.acknowledge(before.epoch, before.end);
  }

  #texts(): string[] {
    const texts: string[] = [];
    const cursor = this.log.records();
    for (let found = cursor.next(); found !== undefined; found = cursor.next()) {
      texts.push(textOf(found, found.isLost));
    }
    return texts;
  }

  #checkRecovered(): void {
    const texts = this.#texts();
    const half = this.#halfKept;
    this.#halfKept = undefined;
    if (half !== undefined && [half.text, half.textIfLost].includes(texts.at(-1) ?? "")) {
      half.isLost = texts.at(-1) === half.textIfLost;
      this.#kept.push(half);
    }
    const all = this.#kept.map(textOfKept);
    const first = texts.length === 0 ? all.length : all.indexOf(texts[0]!);
    expectSame(texts, all.slice(first), "what was appended, in order, nothing else");
    if (first > this.#acknowledged) expect.fail("what was not acknowledged is gone");
    this.#kept = this.#kept.slice(first);
    this.#acknowledged = 0;
    const { damaged, damagedBlocks, epochs } = this.recovery;
    if (damaged + damagedBlocks > 0) expect.fail("a cut is no damage");
    const listed = [...new Set(this.#kept.map(({ epoch }) => epoch))].slice(0, epochs.length);
    const names = epochs.map(({ epoch }) => epoch);
    expectSame(names, listed, "epochs, oldest first");
    if (names.length === 0 && this.#kept.length > 0) expect.fail("no epoch is listed");
  }
}

function textOfKept({ isLost, text, textIfLost }: Kept): string {
  return isLost ? textIfLost : text;
}

/** `expect` only where it has something to say: it would take most of the time. */
function expectSame(found: readonly string[], expected: readonly string[], what: string): void {
  if (found.join("\n") !== expected.join("\n")) expect(found, what).toEqual(expected);
}
