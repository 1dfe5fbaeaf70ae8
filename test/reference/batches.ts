// The reference twin's batches (PROTOCOL 6): heads, times, changes, rows.

import { BitSource, bits, bytesOfBits, magnitudeBits } from "./bits.ts";
import type { Notation } from "./cbor.ts";
import { type ColumnPlan, ColumnTwin, indexBits } from "./columns.ts";
import {
  type Bytes,
  bigEndian,
  encodeVarint,
  Fault,
  fromBigEndian,
  Source,
  unzigzag,
  zigzag,
} from "./numbers.ts";
import { FIT_ROWS, Level, SCALE_MAX, Scale } from "./scales.ts";
import type { ChannelNotation } from "./schemas.ts";

const FORMAT = 2;
const ROWS_MAX = 4_096n;
const TIME_MAX = 2n ** 52n;

/** Stands where a row has no value for a channel. */
export type Missing = { missing: true };
export const MISSING: Missing = { missing: true };

export interface BatchNotation {
  schema: number;
  rows: { timeMs: number; values: (Notation | Missing)[] }[];
}

/** What an encoder chooses (PROTOCOL 6.8). */
export interface Plan {
  time: { predictor: number; scale: number; periodMs: number; level: number };
  columns: ColumnPlan[];
}

/** Plain choices: the last value expected, runs where little changes, floats bit by bit. */
export function plainPlan(channels: ChannelNotation[], { rows }: BatchNotation): Plan {
  const periodMs = rows.length > 1 ? rows[1]!.timeMs - rows[0]!.timeMs : 0;
  const columns = channels.map(({ kind }, index): ColumnPlan => {
    const presence = rows[0] !== undefined && isMissing(rows[0].values[index]!) ? 1 : 0;
    if (kind.startsWith("float")) return { mode: "xor", presence };
    const isStream = kind === "number" || kind === "integer";
    return isStream ? { mode: "residuals", presence, scale: 10 } : { mode: "run", presence };
  });
  const level = rows[0]?.timeMs ?? 0;
  return { time: { predictor: 0, scale: 4, periodMs, level }, columns };
}

export function isMissing(value: Notation | Missing): value is Missing {
  return value !== null && typeof value === "object" && "missing" in value;
}

function known(value: Notation | Missing): Notation | undefined {
  return isMissing(value) ? undefined : value;
}

function firstValue({ rows }: BatchNotation, index: number): Notation | undefined {
  return rows[0] === undefined ? undefined : known(rows[0].values[index]!);
}

class TimeTwin {
  readonly scale: Scale;
  readonly level: Level;
  period: bigint;
  last = 0n;

  constructor({ predictor, scale, periodMs, level }: Plan["time"]) {
    this.scale = new Scale(scale);
    this.level = new Level(BigInt(level), predictor, 0n);
    this.period = BigInt(periodMs);
  }

  write(time: bigint, isFirst: boolean): string {
    const residual = time - this.level.level;
    const { text, isEscaped } = this.scale.write(zigzag(residual));
    if (isEscaped && isFirst) throw new Error("the plan's grid is too far from the first row");
    if (!isEscaped) this.level.handleResidual(residual);
    else this.#handleEscape(time);
    const step = time - this.last;
    this.#next(time);
    return isEscaped ? `${text}0${magnitudeBits(step)}` : text;
  }

  #handleEscape(time: bigint): void {
    this.level.handleEscape(time);
    if (this.period === 0n) this.period = time - this.last;
  }

  #next(time: bigint): void {
    this.last = time;
    this.level.level += this.period;
  }

  /** The first row's word, by which the level is known. */
  readFirst(source: BitSource, time: bigint): bigint {
    const symbol = this.scale.read(source);
    if (symbol === undefined) source.fail();
    const level = time - unzigzag(symbol);
    this.level.level = level;
    this.level.handleResidual(unzigzag(symbol));
    this.#next(time);
    return level;
  }

  handleSymbol(source: BitSource, symbol: bigint | undefined): bigint {
    let time: bigint;
    if (symbol === undefined) {
      time = this.last + source.magnitude();
      this.#handleEscape(time);
    } else {
      time = this.level.level + unzigzag(symbol);
      this.level.handleResidual(unzigzag(symbol));
    }
    if (time < this.last || time > TIME_MAX) source.fail();
    this.#next(time);
    return time;
  }
}

/** Encodes without a limit on bytes or rows, so that what is beyond them can be made too. */
export function encodeBatch(
  channels: ChannelNotation[],
  batch: BatchNotation,
  plan: Plan = plainPlan(channels, batch),
): Bytes {
  const firstMs = batch.rows[0]?.timeMs ?? 0;
  const columns = channels.map((channel, index) => new ColumnTwin(channel, plan.columns[index]!));
  const times = new TimeTwin(plan.time);
  const { predictor, scale, periodMs } = plan.time;
  const hasPresence = plan.columns.some(({ presence = 0 }) => presence !== 0);
  let text = bits(predictor, 3) + bits(scale, 6) + magnitudeBits(BigInt(periodMs));
  text += hasPresence ? "1" : "0";
  for (const [index, column] of columns.entries()) {
    text += column.writeHead(firstValue(batch, index), hasPresence);
  }
  for (const [row, { timeMs, values }] of batch.rows.entries()) {
    if (row > 0) text += writeChanges(times, columns, values);
    text += times.write(BigInt(timeMs), row === 0);
    for (const [index, column] of columns.entries()) {
      if (!column.isRun) text += column.writeRow(known(values[index]!));
    }
    if ((row + 1) % FIT_ROWS === 0) for (const { scale } of [times, ...columns]) scale.fit();
  }
  const head = [FORMAT, ...bigEndian(batch.rows.length, 2), ...encodeVarint(batch.schema)];
  return [...head, ...encodeVarint(firstMs), ...bytesOfBits(text)];
}

function writeChanges(
  times: TimeTwin,
  columns: ColumnTwin[],
  values: (Notation | Missing)[],
): string {
  const changed = [...columns.entries()].filter(([index, column]) =>
    column.changes(known(values[index]!)),
  );
  if (changed.length === 0) return "";
  const texts = changed.map(
    ([index, column]) =>
      bits(index, indexBits(columns.length)) + column.writeChange(known(values[index]!)),
  );
  return `${times.scale.escape()}1${texts.join("1")}0`;
}

/** Throws a Fault with "malformed". */
export function decodeBatch(channels: ChannelNotation[], bytes: Bytes): BatchNotation {
  return readBatch(channels, bytes).batch;
}

/** The same, with what the encoder chose. */
export function readBatch(
  channels: ChannelNotation[],
  bytes: Bytes,
): { batch: BatchNotation; plan: Plan } {
  const head = new Source(bytes, "malformed");
  if (head.byte() !== FORMAT) head.fail();
  const rowCount = fromBigEndian(head.take(2));
  if (rowCount === 0n || rowCount > ROWS_MAX) head.fail();
  const schema = Number(head.varint());
  const firstMs = head.varint();
  const source = new BitSource(head.rest());
  if (firstMs > TIME_MAX || rowCount > source.remaining) source.fail();
  const time = readTimeHead(source);
  const hasPresence = source.bit();
  const columns = channels.map((channel) => new ColumnTwin(channel, { mode: "run" }));
  for (const column of columns) column.readHead(source, hasPresence);
  const times = new TimeTwin(time);
  const rows: BatchNotation["rows"] = [];
  for (let row = 0n; row < rowCount; row++) {
    if (row === 0n) {
      time.level = Number(times.readFirst(source, firstMs));
    } else readTime(source, times, columns);
    const values = columns.map((column) => {
      const value = column.readRow(source);
      return value === undefined ? MISSING : value;
    });
    rows.push({ timeMs: Number(times.last), values });
    if ((row + 1n) % BigInt(FIT_ROWS) === 0n)
      for (const { scale } of [times, ...columns]) scale.fit();
  }
  source.end();
  return { batch: { schema, rows }, plan: { time, columns: columns.map(({ plan }) => plan) } };
}

function readTimeHead(source: BitSource): Plan["time"] {
  const predictor = source.bits(3);
  const scale = source.bits(6);
  const periodMs = source.magnitude();
  if (scale > SCALE_MAX || periodMs > TIME_MAX) source.fail();
  return { predictor, scale, periodMs: Number(periodMs), level: 0 };
}

function readTime(source: BitSource, times: TimeTwin, columns: ColumnTwin[]): void {
  let symbol = times.scale.read(source);
  if (symbol === undefined && source.bit()) {
    times.scale.forgetEscape();
    readChanges(source, columns);
    symbol = times.scale.read(source);
    if (symbol === undefined && source.bit()) source.fail();
  }
  times.handleSymbol(source, symbol);
}

function readChanges(source: BitSource, columns: ColumnTwin[]): void {
  let last = -1;
  do {
    const index = source.bits(indexBits(columns.length));
    if (index <= last || columns[index] === undefined) source.fail();
    columns[index].readChange(source);
    last = index;
  } while (source.bit());
}

/** Throws away the reason; undefined where `decode` found a fault, which is all that it may throw. */
export function attempt<T>(decode: () => T): { value: T } | { error: string } {
  try {
    return { value: decode() };
  } catch (fault) {
    if (fault instanceof Fault) return { error: fault.reason };
    throw fault;
  }
}
