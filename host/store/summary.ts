// What the readings of many batches come to, channel by channel: count, first, last, smallest, largest,
// sum. A span is a row of the summary table: up to SPAN_BLOCKS_MAX consecutive stored batches of one
// schema, no gap between, its blocks, with totals of each and of all. Whoever wants a year in two thousand buckets reads
// spans, the blocks of those that a bucket's edge cuts, and decodes only the batch at the edge.
//
// Numbers are in units: steps of a number, the index of an enumeration, 0 and 1 of a boolean, all others
// as they are. Only finite ones count. Layout, in varints (zigzag where they may be below 0):
//
//   totals:  of each channel totals over the whole span; with a count of 0 where it has no numbers
//   blocks:  their number | of each channel: bytes of its section, section | of each block: its place
//   section: totals of each block; empty for channels that have no numbers
//   totals of a channel:
//             2 x count, or 2 x count + 1 where five float64 follow: first, last, least, most, sum; else
//            first less the last one of the block before | last less first | how far the least is below
//            both | the most above both | sum less count x first. Nothing follows a count of 0
//   place:   records | ms since the block before | ms from its first row to its last

import type { BatchColumns, Column } from "../../shared/batch/columns.ts";
import { ByteReader, ByteWriter, unzigzag, zigzag } from "../../shared/bytes/cursor.ts";
import { type Channel, stepsOf, valueOfSteps } from "../../shared/channel.ts";

/** Blocks of one span: about an hour of a row a second. */
export const SPAN_BLOCKS_MAX = 32;

/** Beyond, totals are written as float64: sums of 4,096 such numbers are exact, and so are their varints. */
const UNITS_MAX = 2 ** 38;

/** No totals, and no place, take more. */
const TOTALS_BYTES_MAX = 48;

/** Of the finite values of one channel, in units. With a count of 0 the rest means nothing. */
export interface Totals {
  count: number;
  first: number;
  last: number;
  min: number;
  max: number;
  sum: number;
}

/** A stored batch within a span. */
export interface Block {
  /** Records [start, next). */
  readonly start: number;
  readonly next: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** By channel; undefined for those without numbers, and those that were not asked for. */
  readonly totals: readonly (Totals | undefined)[];
}

/** Where a span begins: what its row says beside its body. */
export interface SpanPlace {
  readonly start: number;
  readonly firstMs: number;
}

/** True for channels whose values are numbers, or stand for numbers: the others have no totals. */
export function hasTotals({ kind }: Pick<Channel, "kind">): boolean {
  return kind !== "text" && kind !== "bytes" && kind !== "structured";
}

/** A stored number in the channel's unit. */
export function unitsOf(channel: Channel, value: number): number {
  return channel.kind === "number" ? stepsOf(value, channel.resolution!) : value;
}

/** The inverse of `unitsOf`. */
export function valueOfUnits(channel: Channel, units: number): number {
  return channel.kind === "number" ? valueOfSteps(units, channel.resolution!) : units;
}

export function emptyTotals(): Totals {
  return { count: 0, first: 0, last: 0, min: 0, max: 0, sum: 0 };
}

/** The decoded batch that stands for the records [start, next). */
export function blockOf(
  start: number,
  next: number,
  channels: readonly Channel[],
  { columns, rows, timesMs }: BatchColumns,
): Block {
  const totals = channels.map((channel, index) =>
    hasTotals(channel) ? columnTotals(channel, columns[index]!, rows) : undefined,
  );
  return { start, next, firstMs: timesMs[0]!, lastMs: timesMs[rows - 1]!, totals };
}

function columnTotals(channel: Channel, { present, numbers }: Column, rows: number): Totals {
  const totals = emptyTotals();
  for (let row = 0; row < rows; row++) {
    if (present[row] === 1) addValue(totals, unitsOf(channel, numbers[row]!));
  }
  return totals;
}

/** Adds what came later; what is not finite is left out. */
export function addValue(totals: Totals, value: number): void {
  if (!Number.isFinite(value)) return;
  const isFirst = totals.count === 0;
  if (isFirst) totals.first = value;
  totals.last = value;
  if (isFirst || value < totals.min) totals.min = value;
  if (isFirst || value > totals.max) totals.max = value;
  totals.sum = isFirst ? value : totals.sum + value;
  totals.count++;
}

/** Adds what came later. */
function addTotals(totals: Totals, later: Totals): void {
  if (later.count === 0) return;
  const isFirst = totals.count === 0;
  if (isFirst) totals.first = later.first;
  totals.last = later.last;
  totals.min = isFirst ? later.min : Math.min(totals.min, later.min);
  totals.max = isFirst ? later.max : Math.max(totals.max, later.max);
  totals.sum = isFirst ? later.sum : totals.sum + later.sum;
  totals.count += later.count;
}

/** What a row of the table holds, apart for those who need totals alone. */
export interface EncodedSpan {
  readonly totals: Uint8Array;
  readonly blocks: Uint8Array;
}

/** A span of these blocks; each has totals of the same channels. */
export function encodeSpan(blocks: readonly Block[]): EncodedSpan {
  const channels = Math.max(...blocks.map(({ totals }) => totals.length));
  return { totals: encodeTotals(blocks, channels), blocks: encodeBlocks(blocks, channels) };
}

function encodeTotals(blocks: readonly Block[], channels: number): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(channels * TOTALS_BYTES_MAX));
  for (let index = 0; index < channels; index++) {
    const all = emptyTotals();
    for (const { totals } of blocks) addTotals(all, totals[index] ?? emptyTotals());
    writeTotals(writer, all, 0);
  }
  return writer.written().slice();
}

function encodeBlocks(blocks: readonly Block[], channels: number): Uint8Array {
  const sectionBytesMax = (blocks.length + 2) * TOTALS_BYTES_MAX;
  const writer = new ByteWriter(new Uint8Array((channels + 1) * sectionBytesMax));
  const section = new ByteWriter(new Uint8Array(sectionBytesMax));
  writer.writeVarint(blocks.length);
  for (let index = 0; index < channels; index++) {
    section.reset(section.bytes);
    writeSection(section, blocks, index);
    writer.writeVarint(section.position);
    writer.writeBytes(section.written());
  }
  writePlaces(writer, blocks);
  return writer.written().slice();
}

function writeSection(writer: ByteWriter, blocks: readonly Block[], index: number): void {
  const parts = blocks.map(({ totals }) => totals[index]);
  if (parts.every((part) => part === undefined)) return;
  let base = 0;
  for (const part of parts) base = writeTotals(writer, part ?? emptyTotals(), base);
}

/** Returns the base of the next totals. */
function writeTotals(writer: ByteWriter, totals: Totals, base: number): number {
  const { count, first, last, min, max, sum } = totals;
  const isWhole = [first, last, min, max, sum].every(Number.isSafeInteger) && isNear(min, max);
  writer.writeVarint(2 * count + (isWhole ? 0 : 1));
  if (count === 0) return base;
  if (!isWhole) {
    for (const value of [first, last, min, max, sum]) writeFloat(writer, value);
    return 0;
  }
  writer.writeVarint(zigzag(first - base));
  writer.writeVarint(zigzag(last - first));
  writer.writeVarint(Math.min(first, last) - min);
  writer.writeVarint(max - Math.max(first, last));
  writer.writeVarint(zigzag(sum - count * first));
  return last;
}

function isNear(min: number, max: number): boolean {
  return Math.max(Math.abs(min), Math.abs(max)) <= UNITS_MAX;
}

function writeFloat(writer: ByteWriter, value: number): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  writer.writeBytes(bytes);
}

function writePlaces(writer: ByteWriter, blocks: readonly Block[]): void {
  let lastMs = blocks[0]!.firstMs;
  for (const block of blocks) {
    writer.writeVarint(block.next - block.start);
    writer.writeVarint(block.firstMs - lastMs);
    writer.writeVarint(block.lastMs - block.firstMs);
    lastMs = block.lastMs;
  }
}

/** Reads one span after the other. Undefined, or false, where a body is malformed. */
export class SpanReader {
  #reader = new ByteReader(new Uint8Array(0));
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Puts the totals of channel `index` over the whole span into `totals`. */
  readTotals(encoded: EncodedSpan["totals"], index: number, totals: Totals): boolean {
    this.#use(encoded);
    for (let channel = 0; channel <= index; channel++) this.#readTotals(totals, 0);
    return !this.#reader.failed;
  }

  /** The blocks, with totals of the channels `wanted` (all where that is undefined) out of so many. */
  readBlocks(
    encoded: EncodedSpan["blocks"],
    place: SpanPlace,
    { channels, wanted }: { channels: number; wanted?: readonly number[] },
  ): Block[] | undefined {
    this.#use(encoded);
    const count = this.#reader.readVarint();
    if (count > SPAN_BLOCKS_MAX) return undefined;
    const byBlock = Array.from({ length: count }, () => new Array<Totals | undefined>(channels));
    for (let index = 0; index < channels; index++) {
      const end = this.#reader.readVarint() + this.#reader.position;
      const isWanted = wanted === undefined || wanted.includes(index);
      if (isWanted && end > this.#reader.position) this.#readSection(index, byBlock);
      if (this.#reader.position > end) return undefined;
      this.#reader.readBytes(end - this.#reader.position);
    }
    const blocks = byBlock.map(this.#placer(place));
    return this.#reader.finished ? blocks : undefined;
  }

  #use(bytes: Uint8Array): void {
    this.#reader = new ByteReader(bytes);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #readSection(index: number, byBlock: readonly (Totals | undefined)[][]): void {
    let base = 0;
    for (const block of byBlock) {
      const totals = emptyTotals();
      base = this.#readTotals(totals, base);
      block[index] = totals;
    }
  }

  /** Returns the base of the next totals. */
  #readTotals(totals: Totals, base: number): number {
    const reader = this.#reader;
    const head = reader.readVarint();
    totals.count = Math.floor(head / 2);
    if (totals.count === 0) return base;
    if (head % 2 === 1) {
      totals.first = this.#readFloat();
      totals.last = this.#readFloat();
      totals.min = this.#readFloat();
      totals.max = this.#readFloat();
      totals.sum = this.#readFloat();
      return 0;
    }
    totals.first = base + unzigzag(reader.readVarint());
    totals.last = totals.first + unzigzag(reader.readVarint());
    totals.min = Math.min(totals.first, totals.last) - reader.readVarint();
    totals.max = Math.max(totals.first, totals.last) + reader.readVarint();
    totals.sum = totals.count * totals.first + unzigzag(reader.readVarint());
    return totals.last;
  }

  #readFloat(): number {
    const { position } = this.#reader;
    this.#reader.readBytes(8);
    return this.#reader.failed ? 0 : this.#view.getFloat64(position);
  }

  #placer({ start, firstMs }: SpanPlace): (totals: (Totals | undefined)[]) => Block {
    const reader = this.#reader;
    let next = start;
    let lastMs = firstMs;
    return (totals) => {
      const from = next;
      next += reader.readVarint();
      const beginsMs = lastMs + reader.readVarint();
      lastMs = beginsMs + reader.readVarint();
      return { start: from, next, firstMs: beginsMs, lastMs, totals };
    };
  }
}
