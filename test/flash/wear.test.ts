// Megabytes through the log: how evenly blocks wear, how much is written and erased for a byte of
// batches, and what a boot reads.

import { describe, expect, test } from "vitest";
import { FlashLog } from "../../device/flash/flash-log.ts";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import { PowerCut, SimulatedFlash } from "./simulated-flash.ts";

const BLOCK_BYTES = 4_096;
const BLOCKS = 16;

/** Appends and acknowledges, `waiting` records behind, until so many bytes of bodies are through. */
class Stream {
  bodyBytes = 0;
  cuts = 0;
  readonly #flash: SimulatedFlash;
  readonly #waiting: number;
  #log!: FlashLog;
  #epochs = 0;
  #epoch = "";
  #next = 0;

  constructor(flash: SimulatedFlash, waiting: number) {
    this.#flash = flash;
    this.#waiting = waiting;
    this.#boot();
  }

  get wear(): number {
    return this.#log.wear;
  }

  send(bytes: number): void {
    try {
      this.#send(bytes);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.cuts++;
      this.#flash.powerOn();
      this.#boot();
    }
  }

  #boot(): void {
    this.#log = new FlashLog({ flash: this.#flash });
    for (const { epoch, next } of this.#log.recover().epochs) this.#log.acknowledge(epoch, next);
    this.#epoch = (++this.#epochs).toString(16).padStart(24, "0");
    this.#next = 0;
  }

  #send(bytes: number): void {
    const now = 1_000 * this.#next;
    const outcome = this.#log.append({
      epoch: this.#epoch,
      sequence: this.#next,
      count: 1,
      gap: undefined,
      readings: bytes >> 2,
      firstMs: 40_000_000 + now,
      lastMs: 40_000_900 + now,
      body: new Uint8Array(bytes).fill(this.#next),
    });
    expect(outcome).toBe("appended");
    this.#next++;
    this.bodyBytes += bytes;
    if (this.#next > this.#waiting) this.#log.acknowledge(this.#epoch, this.#next - this.#waiting);
  }
}

function spreadOf(flash: SimulatedFlash): number {
  return Math.max(...flash.eraseCounts) - Math.min(...flash.eraseCounts);
}

describe("write amplification", () => {
  test.each([
    [60, 0],
    [60, 300],
    [200, 0],
    [600, 20],
    [1_000, 0],
    [1_100, 20],
  ])("batches of %i bytes, %i waiting", (bytes, waiting) => {
    const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
    const stream = new Stream(flash, waiting);
    while (stream.bodyBytes < 1_000_000) stream.send(bytes);
    const erased = flash.eraseCounts.reduce((sum, count) => sum + count, 0) * BLOCK_BYTES;
    const written = flash.bytesWritten / stream.bodyBytes;
    const worn = erased / stream.bodyBytes;
    console.log(
      `${bytes} bytes, ${waiting} waiting: ${written.toFixed(2)} written, ${worn.toFixed(2)} erased`,
    );
    expect(written).toBeLessThan(2);
    expect(worn).toBeLessThan(2);
    expect(spreadOf(flash)).toBeLessThanOrEqual(1);
  });
});

describe("wear", () => {
  test("is even, to one erase, after megabytes of batches of any size", () => {
    const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
    const stream = new Stream(flash, 10);
    const random = mulberry32(7);
    while (stream.bodyBytes < 8_000_000) stream.send(1 + Math.floor(random() * 1_100));
    console.log(`${stream.bodyBytes} bytes: ${[...flash.eraseCounts].join(" ")} erases`);
    expect(spreadOf(flash)).toBeLessThanOrEqual(1);
    expect(stream.wear).toBe(Math.max(...flash.eraseCounts));
  });

  test("stays even through a thousand power cuts, and the count in the headers near the truth", () => {
    const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
    const stream = new Stream(flash, 10);
    const random = mulberry32(8);
    while (stream.cuts < 1_000) {
      flash.cutAfter(Math.floor(random() * 8_000), "page");
      const { cuts } = stream;
      while (stream.cuts === cuts) stream.send(1 + Math.floor(random() * 1_100));
    }
    console.log(`${stream.cuts} cuts: ${[...flash.eraseCounts].join(" ")} erases`);
    expect(spreadOf(flash)).toBeLessThanOrEqual(6);
    expect(Math.abs(stream.wear - Math.max(...flash.eraseCounts))).toBeLessThanOrEqual(6);
  });

  test("a device that reboots all the time and has nothing to say wears nothing", () => {
    const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
    const stream = new Stream(flash, 1_000);
    for (let index = 0; index < 20; index++) stream.send(100);
    const { steps } = flash;
    for (let boot = 0; boot < 100; boot++) new FlashLog({ flash }).recover();
    expect(flash.steps).toBe(steps);
  });
});

test("a boot reads the head of each entry, not the bodies", () => {
  const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
  const stream = new Stream(flash, 1_000);
  for (let index = 0; index < 45; index++) stream.send(1_000);
  flash.bytesRead = 0;
  new FlashLog({ flash }).recover();
  console.log(`${flash.bytesRead} bytes read at boot, of ${flash.bytes.length}`);
  expect(flash.bytesRead).toBeLessThan(flash.bytes.length / 2);
});
