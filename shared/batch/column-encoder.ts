// One column of a batch being written: what the next value is expected to be, and all that is not the
// usual case. The usual case, a residual within reach, is in the encoder's loop. PROTOCOL 6.4 to 6.7.
//
// On XS fields are found by looking through all from the first one on: those of the usual case are first.

import { type BitWriter, LENGTH_BITS } from "../bytes/bits.ts";
import type { Channel, ChannelValue } from "../channel.ts";
import { FIT_ROWS, SCALES, scaleOf, sumAtStart } from "./codes.ts";
import { stepsOfFloat } from "./decimal.ts";
import {
  DIGITS_BITS,
  indexBits,
  isFloat,
  isPayload,
  LENGTH_WHOLE,
  MODE_BITS,
  MODE_PALETTE,
  MODE_PALETTE_OF_DIFFERENCES,
  MODE_PAYLOADS,
  MODE_RESIDUALS,
  MODE_RUNS,
  MODE_XOR,
  PREDICTOR_BITS,
  PRESENCE_BITS,
  PRESENCE_BY_ROW,
  PRESENCE_NO,
  PRESENCE_YES,
  SCALE_BITS,
  stepFactorOf,
} from "./kinds.ts";
import { PALETTE_RANK_BITS, Palette } from "./palette.ts";
import { areEqual, payloadOf, writePayload } from "./payload.ts";
import type { ColumnPlan } from "./planner.ts";
import {
  FRACTION_BITS,
  FRACTION_HALF,
  FRACTION_ONE,
  GAINS,
  LEVEL_MAX,
  levelOf,
  SLOPE_GAINS,
} from "./predictor.ts";
import type { SymbolStream } from "./symbol-stream.ts";
import { XorState } from "./xor.ts";

/** Scale of a column of which nothing is known; the first fit finds a better one. */
const SCALE_FIRST = 6;

/** Predictor of such a column: half the last value, half those before it. */
const PREDICTOR_FIRST = 1;

/** What a column of numbers has of recent payloads. */
const NO_PAYLOADS: Uint8Array[] = [];

/** The packed bits of a column that is not the usual case. */
const NONE: readonly number[] = [];

export class ColumnEncoder implements SymbolStream {
  /** Of a run: the value in force. NaN where there is none. */
  held: ChannelValue | undefined = Number.NaN;
  /** A number or an integer in the usual case, which the encoder's loop takes by itself. */
  isQuick = false;
  mean = 0;
  next = 0;
  base = 0;
  packed: readonly number[] = [];
  center = 0;
  sum = 0;
  gain = 0;
  /** `value × factor` is the number of steps where `isInverse`, else `value / factor`. */
  factor: number;
  readonly isNumber: boolean;
  isInverse: boolean;
  /** Whether this row has a value, and the row before it had one. */
  isPresent = false;
  wasPresent = false;
  mode: number;

  /** What the planner chooses; it counts from the next batch on. */
  presence = PRESENCE_YES;
  predictor = PREDICTOR_FIRST;
  /** Decimals of floats that are written as residuals. */
  digits = 0;

  readonly channel: Channel;
  readonly #isFloat: boolean;
  readonly #xor: XorState | undefined;
  /** Made when it is needed, as few columns ever have one. */
  #palette: Palette | undefined;
  readonly #recent: Uint8Array[];
  readonly #indexBits: number;
  #payload: Uint8Array | undefined;
  /** The value of this row, where it is a run's. */
  #value: ChannelValue | undefined;
  #float = 0;
  #slope = 0;
  #scale = SCALE_FIRST;
  #reach = 0;
  #words: readonly number[] = [];
  #shift = 0;
  #sumBefore = 0;
  #symbols = 0;
  /** Rows since the last fit that have no symbol. */
  #without = 0;
  /** Integer of the last row that had one: runs, and palettes of differences. */
  #last = 0;

  constructor(channel: Channel) {
    const { factor, isInverse } = stepFactorOf(channel);
    this.channel = channel;
    this.factor = factor;
    this.isInverse = isInverse;
    this.isNumber = channel.kind === "number";
    this.#isFloat = isFloat(channel);
    this.#xor = this.#isFloat ? new XorState(channel.kind === "float64") : undefined;
    this.#indexBits = channel.kind === "boolean" ? 1 : indexBits(channel.labels?.length ?? 0);
    const hasRuns = channel.kind === "boolean" || channel.kind === "enumeration";
    this.mode = hasRuns ? MODE_RUNS : MODE_RESIDUALS;
    if (this.#isFloat) this.mode = MODE_XOR;
    if (isPayload(channel)) this.mode = MODE_PAYLOADS;
    this.#recent = isPayload(channel) ? [] : NO_PAYLOADS;
  }

  get scale(): number {
    return this.#scale;
  }
  set scale(scale: number) {
    this.#scale = scale;
    this.#reach = SCALES.reach[scale]!;
    this.#words = SCALES.words[scale]!;
    this.#shift = SCALES.shift[scale]!;
  }

  /** Takes the value of a row, of whatever kind; false where the channel cannot carry it. */
  prepare(value: ChannelValue): boolean {
    this.#value = value;
    if (this.mode === MODE_PAYLOADS) return this.#preparePayload(value);
    if (this.#isFloat) return this.#prepareFloat(value);
    const integer = this.#integerOf(value);
    this.next = integer + 0; // -0 becomes 0
    return Number.isSafeInteger(integer);
  }

  /** The row's value as a number, for the planner; NaN where there is none. */
  get sample(): number {
    if (!this.isPresent) return Number.NaN;
    return this.#isFloat ? this.#float : this.next;
  }

  /** Takes what the planner chose, between two batches. */
  follow(plan: ColumnPlan): void {
    const isSame = plan.mode === this.mode && plan.predictor === this.predictor;
    if (!isSame || plan.digits !== this.digits) this.scale = plan.scale;
    if (!isSame) this.#slope = plan.slope;
    this.mode = plan.mode;
    this.predictor = plan.predictor;
    this.presence = plan.presence;
    this.digits = plan.digits;
    if (this.#isFloat) this.factor = 10 ** plan.digits;
    this.isQuick = false;
    this.held = Number.NaN;
  }

  #integerOf(value: ChannelValue): number {
    if (this.channel.kind === "boolean") {
      return typeof value === "boolean" ? Number(value) : Number.NaN;
    }
    if (typeof value !== "number") return Number.NaN;
    if (this.isNumber)
      return Math.round(this.isInverse ? value * this.factor : value / this.factor);
    const isIndex = this.channel.labels === undefined || this.channel.labels[value] !== undefined;
    return isIndex ? value : Number.NaN;
  }

  #prepareFloat(value: ChannelValue): boolean {
    if (typeof value !== "number") return false;
    const isSingle = this.channel.kind === "float32";
    this.#float = isSingle ? Math.fround(value) : value;
    if (this.mode !== MODE_XOR) this.next = stepsOfFloat(this.#float, this.factor, isSingle);
    return true;
  }

  #preparePayload(value: ChannelValue): boolean {
    const payload = payloadOf(this.channel, value);
    if (payload === undefined) return false;
    this.next = this.#recent.length > 0 && areEqual(this.#recent[0]!, payload) ? 0 : 1;
    this.#payload = payload;
    return true;
  }

  /** True where this row must say of the column what its symbols cannot (PROTOCOL 6.3). */
  get hasChange(): boolean {
    const isSteady = this.presence === PRESENCE_BY_ROW || this.isPresent === this.wasPresent;
    return !isSteady || (this.isPresent && this.#isNewInRun);
  }

  get #isNewInRun(): boolean {
    if (this.mode === MODE_RUNS) return this.next !== this.#last;
    return this.mode === MODE_PAYLOADS && this.next !== 0;
  }

  writeChange(writer: BitWriter): void {
    if (!this.isStream) {
      const isNew = this.isPresent && this.#isNewInRun;
      writer.write(isNew ? 1 : 0, 1);
      if (isNew) this.#writeRunValue(writer);
    }
    this.#setPresent();
  }

  #setPresent(): void {
    this.wasPresent = this.isPresent;
    const isSteady = this.presence !== PRESENCE_BY_ROW && this.isPresent;
    const isPlain = isSteady && this.mode === MODE_RESIDUALS && SLOPE_GAINS[this.predictor] === 0;
    this.packed = isPlain ? SCALES.packed[this.#scale]! : NONE;
    this.center = SCALES.center[this.#scale]!;
    const isExact = this.isNumber ? this.isInverse : this.channel.kind === "integer";
    this.isQuick = isPlain && isExact;
    const isHeld = !this.isStream && this.isPresent && !(this.#value instanceof Object);
    this.held = isHeld ? this.#value : Number.NaN;
  }

  #writeRunValue(writer: BitWriter): void {
    if (this.mode === MODE_PAYLOADS) {
      writePayload(this.#payload!, this.#recent, writer);
      this.next = 0;
    } else {
      if (this.channel.kind === "enumeration") writer.write(this.next, this.#indexBits);
      else if (this.channel.kind !== "boolean") this.#writeInteger(levelOf(this.#last), writer);
      this.#last = this.next;
    }
  }

  /** True where each row has something of the column, rather than only those in which it changes. */
  get isStream(): boolean {
    return this.mode !== MODE_RUNS && this.mode !== MODE_PAYLOADS;
  }

  /** Writes the column's head and forgets what only the batch before knew. `next` is of the first row. */
  begin(writer: BitWriter, hasPresence: boolean): void {
    if (this.presence !== PRESENCE_BY_ROW) {
      this.presence = this.isPresent ? PRESENCE_YES : PRESENCE_NO;
    }
    if (hasPresence) writer.write(this.presence, PRESENCE_BITS);
    const hasValue = this.presence === PRESENCE_YES;
    if (this.mode === MODE_PAYLOADS) this.#beginPayloads(writer, hasValue);
    else if (this.mode === MODE_XOR) {
      writer.write(0, 1);
      this.#xor!.clear();
    } else this.#beginIntegers(writer, hasValue);
    this.#setPresent();
  }

  #beginPayloads(writer: BitWriter, hasValue: boolean): void {
    if (this.#recent.length > 0 && this.next === 0) this.#payload = this.#recent[0]!;
    this.#recent.length = 0;
    this.next = 1;
    if (hasValue) this.#writeRunValue(writer);
  }

  #beginIntegers(writer: BitWriter, hasValue: boolean): void {
    if (this.#isFloat) writer.write((1 << DIGITS_BITS) | this.digits, 1 + DIGITS_BITS);
    writer.write(this.mode, MODE_BITS);
    if (this.mode === MODE_RUNS) this.#beginRuns(writer, hasValue);
    else {
      if (this.mode === MODE_RESIDUALS) writer.write(this.predictor, PREDICTOR_BITS);
      writer.write(this.scale, SCALE_BITS);
      this.#beginLevel();
      writer.writeSigned(this.base);
      if (this.mode === MODE_RESIDUALS) this.#beginSlope(writer);
    }
    this.#palette?.clear();
  }

  #beginRuns(writer: BitWriter, hasValue: boolean): void {
    this.#last = hasValue ? this.next : 0;
    if (!hasValue) return;
    if (this.channel.kind === "integer" || this.isNumber) writer.writeSigned(this.next);
    else writer.write(this.next, this.#indexBits);
  }

  /** Goes on from the level of the batch before, unless that is far from what comes. */
  #beginLevel(): void {
    this.scale = this.#scale;
    this.gain = GAINS[this.predictor]!;
    this.base += this.mean >> FRACTION_BITS;
    this.mean = FRACTION_HALF;
    this.sum = 0;
    this.#sumBefore = sumAtStart(this.#scale);
    this.#symbols = FIT_ROWS;
    this.#without = 0;
    const distance = Math.abs(this.next - this.base);
    if (this.isPresent && (this.#isPalette || distance >= this.#reach / 2)) this.base = this.next;
    if (!(Math.abs(this.base) < LEVEL_MAX)) this.base = 0;
    this.#last = this.base;
  }

  #beginSlope(writer: BitWriter): void {
    if (SLOPE_GAINS[this.predictor] === 0) this.#slope = 0;
    else writer.writeSigned(this.#slope);
  }

  /** Writes this row's part where it is not the usual case. */
  write(writer: BitWriter): void {
    if (this.presence === PRESENCE_BY_ROW) writer.write(this.isPresent ? 1 : 0, 1);
    if (!this.isPresent) this.#without++;
    else if (this.mode === MODE_RESIDUALS) this.#writeResidual(writer);
    else if (this.mode === MODE_XOR) this.#xor!.write(this.#float, writer);
    else this.#writeRank(writer);
  }

  #writeResidual(writer: BitWriter): void {
    this.#rebase();
    const residual = this.next - this.base;
    const symbol = residual < 0 ? -2 * residual - 1 : 2 * residual;
    if (symbol < this.#reach) {
      this.#writeSymbol(symbol, writer);
      this.#slope = (this.#slope + SLOPE_GAINS[this.predictor]! * residual) | 0;
      this.mean = (this.mean + this.gain * residual + this.#slope) | 0;
    } else {
      this.#writeEscape(writer);
      if (!this.#writeEscaped(this.base, writer)) return;
      this.base = levelOf(this.next);
      this.mean = (FRACTION_HALF + this.#slope) | 0;
    }
    this.#rebase();
  }

  /** Keeps the mean small enough for 32 bits. */
  #rebase(): void {
    this.base += this.mean >> FRACTION_BITS;
    this.mean &= FRACTION_ONE - 1;
  }

  #writeSymbol(symbol: number, writer: BitWriter): void {
    const word = this.#words[symbol >> this.#shift]!;
    writer.write(word >> 4, word & 15);
    writer.write(symbol, this.#shift);
    this.sum += symbol;
  }

  #writeEscape(writer: BitWriter): void {
    const word = this.#words[this.#words.length - 1]!;
    writer.write(word >> 4, word & 15);
    this.sum += this.#reach;
  }

  /** What stands behind an escape. False where it is a float that is no integer of steps. */
  #writeEscaped(base: number, writer: BitWriter): boolean {
    const isWhole = !Number.isNaN(this.next);
    if (this.#isFloat) writer.write(isWhole ? 0 : 1, 1);
    if (isWhole) this.#writeInteger(base, writer);
    else this.#xor!.writeWhole(this.#float, writer);
    return isWhole;
  }

  #writeInteger(base: number, writer: BitWriter): void {
    if (Math.abs(this.next) < LEVEL_MAX) writer.writeSigned(this.next - base);
    else {
      writer.write(LENGTH_WHOLE, 1 + LENGTH_BITS);
      writer.writeSigned(this.next);
    }
  }

  #writeRank(writer: BitWriter): void {
    this.#palette ??= new Palette();
    const { numbers } = this.#palette;
    const base = this.mode === MODE_PALETTE ? this.base : this.#last;
    const isKnowable = Math.abs(this.next) < LEVEL_MAX;
    const found = isKnowable ? numbers.indexOf(this.next - base) : -1;
    const rank = found < 0 ? numbers.length : found;
    if (rank < this.#reach) this.#writeSymbol(rank, writer);
    else {
      this.#writeEscape(writer);
      writer.write(rank, PALETTE_RANK_BITS);
    }
    if (found >= 0) this.#palette.hit(found);
    else if (this.#writeEscaped(base, writer) && isKnowable) this.#palette.add(this.next - base);
    if (!Number.isNaN(this.next)) this.#last = levelOf(this.next);
  }

  get #isPalette(): boolean {
    return this.mode === MODE_PALETTE || this.mode === MODE_PALETTE_OF_DIFFERENCES;
  }

  /** Fits the scale to the symbols of the last `rows` rows. */
  fit(rows: number): void {
    if (this.mode !== MODE_RESIDUALS && !this.#isPalette) return;
    this.#rebase();
    const count = rows - this.#without;
    this.#without = 0;
    if (count === 0) return;
    this.#sumBefore = (this.#sumBefore >> 1) + this.sum;
    this.#symbols = (this.#symbols >> 1) + count;
    this.sum = 0;
    const scale = scaleOf(this.#sumBefore, this.#symbols, this.#scale);
    if (scale === this.#scale) return;
    this.scale = scale;
    this.#setPresent();
  }

  /** The batch is taken: what is known goes on into the next one. */
  end(): void {
    if (this.mode === MODE_PALETTE_OF_DIFFERENCES) this.base = this.#last;
  }
}
