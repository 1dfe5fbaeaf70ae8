// The reference twin's columns (PROTOCOL 6.4 to 6.7), writing and reading.

import { type BitSource, bits, signedBits } from "./bits.ts";
import {
  decodeCbor,
  encodeCbor,
  floatBytes,
  floatOf,
  type Notation,
  numberNotation,
  numberOf,
  textOf,
} from "./cbor.ts";
import { type Bytes, fromHex, SAFE_MAX, toHex, unzigzag, zigzag } from "./numbers.ts";
import { hasSlope, LEVEL_END, Level, SCALE_MAX, Scale, trace } from "./scales.ts";
import type { ChannelNotation } from "./schemas.ts";

export type Mode = "run" | "residuals" | "palette" | "differences" | "xor";

const MODES: Mode[] = ["run", "residuals", "palette", "differences"];

/** What an encoder chooses of a column; what is not said is 0. */
export interface ColumnPlan {
  mode: Mode;
  presence?: number;
  predictor?: number;
  scale?: number;
  level?: number;
  slope?: number;
  digits?: number;
}

const VALUE_BYTES_MAX = 512;
const RECENT_MAX = 16;
const PALETTE_MAX = 63;

export function indexBits(count: number): number {
  return count < 2 ? 0 : (count - 1).toString(2).length;
}

export class ColumnTwin {
  plan: ColumnPlan;
  isPresent = false;
  readonly channel: ChannelNotation;
  scale = new Scale(0);
  #level = new Level(0n, 0, 0n);
  #last = 0n;
  #recent: string[] = [];
  #palette: { number: bigint; count: number }[] = [];
  #bits: string;
  #window: { leading: number; length: number } | undefined;

  constructor(channel: ChannelNotation, plan: ColumnPlan) {
    this.channel = channel;
    this.plan = plan;
    this.#bits = "0".repeat(this.#floatBits);
  }

  get #isFloat(): boolean {
    return this.channel.kind.startsWith("float");
  }

  get #floatBits(): number {
    return this.channel.kind === "float32" ? 32 : 64;
  }

  get #isPayload(): boolean {
    return ["text", "bytes", "structured"].includes(this.channel.kind);
  }

  get isRun(): boolean {
    return this.plan.mode === "run";
  }

  // Heads.

  writeHead(first: Notation | undefined, hasPresence: boolean): string {
    const { mode, presence = 0, predictor = 0, scale = 0, level = 0, slope = 0 } = this.plan;
    this.isPresent = presence === 0;
    let text = hasPresence ? bits(presence, 2) : "";
    if (this.#isPayload) return text + (this.isPresent ? this.#writeNew(first!) : "");
    if (this.#isFloat && mode === "xor") return `${text}0`;
    if (this.#isFloat) text += `1${bits(this.plan.digits ?? 0, 4)}`;
    text += bits(MODES.indexOf(mode), 2);
    if (mode === "run") return text + (this.isPresent ? this.#writeFirst(first!) : "");
    if (mode === "residuals") text += bits(predictor, 4);
    text += bits(scale, 6) + signedBits(BigInt(level));
    if (mode === "residuals" && hasSlope(predictor)) text += signedBits(BigInt(slope));
    this.#begin();
    return text;
  }

  #writeFirst(first: Notation): string {
    this.#last = this.#integerOf(first)!;
    if (this.channel.kind === "boolean") return bits(this.#last, 1);
    if (this.channel.kind === "enumeration") return bits(this.#last, this.#labelBits);
    return signedBits(this.#last);
  }

  get #labelBits(): number {
    return indexBits(this.channel.labels!.length);
  }

  #begin(): void {
    const { predictor = 0, scale = 0, level = 0, slope = 0 } = this.plan;
    this.scale = new Scale(scale);
    this.#level = new Level(BigInt(level), predictor, hasSlope(predictor) ? BigInt(slope) : 0n);
    this.#last = BigInt(level);
  }

  readHead(source: BitSource, hasPresence: boolean): void {
    const presence = hasPresence ? source.bits(2) : 0;
    if (presence === 3) source.fail();
    this.isPresent = presence === 0;
    this.plan = { mode: "run", presence };
    if (this.#isPayload) {
      if (presence === 2) source.fail();
      if (this.isPresent) this.#readNew(source);
      return;
    }
    if (this.#isFloat && !source.bit()) {
      this.plan.mode = "xor";
      return;
    }
    if (this.#isFloat) this.plan.digits = source.bits(4);
    this.plan.mode = MODES[source.bits(2)]!;
    if (this.plan.mode === "run") this.#readFirst(source);
    else this.#readStart(source);
  }

  #readFirst(source: BitSource): void {
    if (this.#isFloat || this.plan.presence === 2) source.fail();
    if (!this.isPresent) return;
    if (this.channel.kind === "boolean") this.#last = source.long(1);
    else if (this.channel.kind === "enumeration") this.#last = source.long(this.#labelBits);
    else this.#last = source.signed();
    this.#check(source, this.#last);
  }

  #readStart(source: BitSource): void {
    const isResiduals = this.plan.mode === "residuals";
    const predictor = isResiduals ? source.bits(4) : 0;
    const scale = source.bits(6);
    const level = source.signed();
    const slope = isResiduals && hasSlope(predictor) ? source.signed() : 0n;
    if (scale > SCALE_MAX || trace(level) !== level) source.fail();
    if (slope >= 2n ** 31n || slope <= -(2n ** 31n)) source.fail();
    Object.assign(this.plan, { predictor, scale, level: Number(level), slope: Number(slope) });
    this.#begin();
  }

  // Changes.

  /** True where a row with this value must say so. */
  changes(value: Notation | undefined): boolean {
    if (this.plan.presence !== 2 && this.isPresent !== (value !== undefined)) return true;
    return this.isRun && value !== undefined && this.#isNew(value);
  }

  #isNew(value: Notation): boolean {
    return this.#isPayload
      ? this.#recent[0] !== toHex(this.#payloadOf(value))
      : this.#integerOf(value) !== this.#last;
  }

  writeChange(value: Notation | undefined): string {
    this.isPresent = value !== undefined;
    if (!this.isRun) return "";
    if (value === undefined || !this.#isNew(value)) return "0";
    if (this.#isPayload) return `1${this.#writeNew(value)}`;
    const base = trace(this.#last);
    this.#last = this.#integerOf(value)!;
    if (this.channel.kind === "boolean") return "1";
    if (this.channel.kind === "enumeration") return `1${bits(this.#last, this.#labelBits)}`;
    return `1${writeInteger(this.#last, base)}`;
  }

  readChange(source: BitSource): void {
    if (this.plan.presence === 2) source.fail();
    if (!this.isRun || !source.bit()) {
      this.isPresent = !this.isPresent;
      if (this.isPresent && this.#isPayload && this.#recent.length === 0) source.fail();
      return;
    }
    this.isPresent = true;
    if (this.#isPayload) this.#readNew(source);
    else if (this.channel.kind === "boolean") this.#last = 1n - this.#last;
    else if (this.channel.kind === "enumeration") this.#last = source.long(this.#labelBits);
    else this.#last = readInteger(source, trace(this.#last));
    this.#check(source, this.#last);
  }

  // Rows.

  writeRow(value: Notation | undefined): string {
    const text = this.plan.presence === 2 ? (value === undefined ? "0" : "1") : "";
    if (value === undefined) return text;
    if (this.plan.mode === "xor") return text + this.#writeXor(value);
    return (
      text + (this.plan.mode === "residuals" ? this.#writeResidual(value) : this.#writeRank(value))
    );
  }

  /** The row's value; undefined where there is none. */
  readRow(source: BitSource): Notation | undefined {
    if (this.plan.presence === 2) this.isPresent = source.bit();
    if (!this.isPresent) return undefined;
    if (this.isRun) return this.#isPayload ? this.#payloadValue(source) : this.#valueOf(this.#last);
    if (this.plan.mode === "xor") return this.#readXor(source);
    return this.plan.mode === "residuals" ? this.#readResidual(source) : this.#readRank(source);
  }

  #writeResidual(value: Notation): string {
    const integer = this.#integerOf(value);
    const residual = (integer ?? 2n ** 60n) - this.#level.level;
    const { text, isEscaped } = this.scale.write(zigzag(residual));
    if (!isEscaped) {
      this.#level.handleResidual(residual);
      return text;
    }
    if (integer === undefined) return `${text}1${this.#rawBits(value)}`;
    const base = this.#level.level;
    this.#level.handleEscape(trace(integer));
    return text + (this.#isFloat ? "0" : "") + writeInteger(integer, base);
  }

  #readResidual(source: BitSource): Notation {
    const symbol = this.scale.read(source);
    if (symbol !== undefined) {
      const residual = unzigzag(symbol);
      const integer = this.#level.level + residual;
      this.#level.handleResidual(residual);
      return this.#checkedValue(source, integer);
    }
    if (this.#isFloat && source.bit()) return this.#readRaw(source);
    const integer = readInteger(source, this.#level.level);
    this.#level.handleEscape(trace(integer));
    return this.#checkedValue(source, integer);
  }

  get #paletteBase(): bigint {
    return this.plan.mode === "palette" ? this.#level.level : this.#last;
  }

  #writeRank(value: Notation): string {
    const integer = this.#integerOf(value);
    const base = this.#paletteBase;
    const isKnowable = integer !== undefined && trace(integer) === integer;
    const found = isKnowable
      ? this.#palette.findIndex(({ number }) => number === integer - base)
      : -1;
    const rank = found < 0 ? this.#palette.length : found;
    const written = this.scale.write(BigInt(rank));
    const text = written.text + (written.isEscaped ? bits(rank, 6) : "");
    if (integer === undefined) return `${text}1${this.#rawBits(value)}`;
    this.#last = trace(integer);
    if (found >= 0) {
      this.#hit(rank);
      return text;
    }
    if (isKnowable) this.#add(integer - base);
    return text + (this.#isFloat ? "0" : "") + writeInteger(integer, base);
  }

  #readRank(source: BitSource): Notation {
    const symbol = this.scale.read(source);
    const rank = symbol === undefined ? source.bits(6) : Number(symbol);
    const base = this.#paletteBase;
    if (rank > this.#palette.length) source.fail();
    let integer: bigint;
    if (rank < this.#palette.length) {
      integer = base + this.#palette[rank]!.number;
      this.#hit(rank);
    } else {
      if (this.#isFloat && source.bit()) return this.#readRaw(source);
      integer = readInteger(source, base);
      if (trace(integer) === integer) this.#add(integer - base);
    }
    this.#last = trace(integer);
    return this.#checkedValue(source, integer);
  }

  #hit(rank: number): void {
    const palette = this.#palette;
    palette[rank]!.count++;
    for (let at = rank; at > 0 && palette[at - 1]!.count < palette[at]!.count; at--) {
      [palette[at - 1], palette[at]] = [palette[at]!, palette[at - 1]!];
    }
  }

  #add(number: bigint): void {
    if (this.#palette.length === PALETTE_MAX) this.#palette.pop();
    this.#palette.push({ number, count: 1 });
  }

  // Floats.

  #rawBits(value: Notation): string {
    const number = numberOf(value);
    if (Number.isNaN(number)) return this.#floatBits === 32 ? NAN_32 : NAN_64;
    const count = this.#floatBits === 32 ? 4 : 8;
    return floatBytes(number, count)
      .map((byte) => bits(byte, 8))
      .join("");
  }

  #readRaw(source: BitSource): Notation {
    return floatNotation(source.take(this.#floatBits));
  }

  #writeXor(value: Notation): string {
    const next = this.#rawBits(value);
    const difference = exclusiveOr(next, this.#bits);
    this.#bits = next;
    if (!difference.includes("1")) return "0";
    const leading = difference.indexOf("1");
    const end = difference.lastIndexOf("1") + 1;
    const place = this.#floatBits === 32 ? 5 : 6;
    const old = this.#window;
    const fits = old !== undefined && leading >= old.leading && end <= old.leading + old.length;
    if (fits && old.length - (end - leading) <= 2 * place) {
      return `10${difference.slice(old.leading, old.leading + old.length)}`;
    }
    this.#window = { leading, length: end - leading };
    return `11${bits(leading, place)}${bits(end - leading - 1, place)}${difference.slice(leading, end)}`;
  }

  #readXor(source: BitSource): Notation {
    if (source.bit()) {
      const place = this.#floatBits === 32 ? 5 : 6;
      if (source.bit()) {
        this.#window = { leading: source.bits(place), length: source.bits(place) + 1 };
      }
      if (this.#window === undefined) source.fail();
      const { leading, length } = this.#window;
      if (leading + length > this.#floatBits) source.fail();
      const difference = ("0".repeat(leading) + source.take(length)).padEnd(this.#floatBits, "0");
      this.#bits = exclusiveOr(this.#bits, difference);
    }
    return floatNotation(this.#bits);
  }

  // Values.

  /** The integer that stands for a value; undefined for an odd float. */
  #integerOf(value: Notation): bigint | undefined {
    if (this.#isFloat) {
      const number = numberOf(value);
      const integer = Math.round(number * 10 ** (this.plan.digits ?? 0)) + 0;
      const isExact =
        Number.isSafeInteger(integer) && Object.is(this.#floatOfInteger(integer), number);
      return isExact ? BigInt(integer) : undefined;
    }
    if (this.channel.kind !== "number") return BigInt(value as number | boolean);
    const [numerator, denominator] = ratio(this.channel.resolution!);
    return BigInt(Math.round(((value as number) * denominator) / numerator));
  }

  #floatOfInteger(integer: number): number {
    const value = integer / 10 ** (this.plan.digits ?? 0);
    return this.#floatBits === 32 ? Math.fround(value) : value;
  }

  #check(source: BitSource, integer: bigint): void {
    const { kind, labels } = this.channel;
    const [least, most] =
      kind === "boolean"
        ? [0n, 1n]
        : kind === "enumeration"
          ? [0n, BigInt(labels!.length - 1)]
          : [-SAFE_MAX, SAFE_MAX];
    if (integer < least || integer > most) source.fail();
  }

  #checkedValue(source: BitSource, integer: bigint): Notation {
    this.#check(source, integer);
    return this.#valueOf(integer);
  }

  #valueOf(integer: bigint): Notation {
    const { kind, resolution } = this.channel;
    if (this.#isFloat) return numberNotation(this.#floatOfInteger(Number(integer)));
    if (kind === "boolean") return integer === 1n;
    if (kind !== "number") return Number(integer);
    const [numerator, denominator] = ratio(resolution!);
    return numberNotation((Number(integer) * numerator) / denominator);
  }

  // Text, bytes, structured values.

  #payloadOf(value: Notation): Bytes {
    if (this.channel.kind === "text") return [...new TextEncoder().encode(value as string)];
    if (this.channel.kind === "bytes") return fromHex((value as { bytes: string }).bytes);
    return encodeCbor(value);
  }

  #payloadValue(source: BitSource): Notation {
    const bytes = fromHex(this.#recent[0]!);
    if (this.channel.kind === "bytes") return { bytes: toHex(bytes) };
    return this.channel.kind === "text" ? (textOf(bytes) ?? source.fail()) : decodeCbor(bytes);
  }

  #writeNew(value: Notation): string {
    const bytes = this.#payloadOf(value);
    const index = this.#recent.indexOf(toHex(bytes));
    this.#makeRecent(toHex(bytes));
    if (index >= 0) return `0${bits(index, 4)}`;
    return `1${bits(bytes.length, 10)}${bytes.map((byte) => bits(byte, 8)).join("")}`;
  }

  #readNew(source: BitSource): void {
    if (!source.bit()) {
      const known = this.#recent[source.bits(4)];
      if (known === undefined) source.fail();
      this.#makeRecent(known);
      return;
    }
    const length = source.bits(10);
    if (length > VALUE_BYTES_MAX) source.fail();
    const bytes = Array.from({ length }, () => source.bits(8));
    this.#recent = [toHex(bytes), ...this.#recent].slice(0, RECENT_MAX);
    this.#payloadValue(source);
  }

  #makeRecent(payload: string): void {
    const others = this.#recent.filter((one) => one !== payload);
    this.#recent = [payload, ...others].slice(0, RECENT_MAX);
  }
}

const NAN_32 = bits(0x7fc0_0000, 32);
const NAN_64 = NAN_32.replace("0111111111", "0111111111111").padEnd(64, "0");

function writeInteger(integer: bigint, base: bigint): string {
  return trace(integer) === integer ? signedBits(integer - base) : `0111111${signedBits(integer)}`;
}

function readInteger(source: BitSource, base: bigint): bigint {
  const start = source.peek(7);
  if (start === "0111111") {
    source.take(7);
    const whole = source.signed();
    return trace(whole) === whole ? source.fail() : whole;
  }
  const integer = base + source.signed();
  return integer < LEVEL_END && integer > -LEVEL_END ? integer : source.fail();
}

function exclusiveOr(a: string, b: string): string {
  return [...a].map((bit, index) => (bit === b[index] ? "0" : "1")).join("");
}

function floatNotation(text: string): Notation {
  const bytes = (text.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return numberNotation(floatOf(bytes));
}

/** A resolution as a fraction: 0.01 is 1/100, for which computing is exact; 0.3 is 0.3/1. */
function ratio(resolution: number): [number, number] {
  const inverse = Math.round(1 / resolution);
  return inverse * resolution === 1 ? [1, inverse] : [resolution, 1];
}
