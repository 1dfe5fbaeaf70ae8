// One column of a batch being read: its head, what is expected of its next value, and the rows that are
// filled in all at once. What reads returns false where that cannot be. PROTOCOL 6.4 to 6.7.

import { type BitReader, LENGTH_BITS } from "../bytes/bits.ts";
import type { Channel, ChannelValue } from "../channel.ts";
import { SCALE_MAX } from "./codes.ts";
import type { Column } from "./columns.ts";
import {
  DIGITS_BITS,
  indexBits,
  isFloat,
  isPayload,
  LENGTH_WHOLE,
  MODE_BITS,
  MODE_PALETTE,
  MODE_PAYLOADS,
  MODE_RESIDUALS,
  MODE_RUNS,
  MODE_XOR,
  PREDICTOR_BITS,
  PRESENCE_BITS,
  PRESENCE_BY_ROW,
  PRESENCE_YES,
  SCALE_BITS,
  stepFactorOf,
} from "./kinds.ts";
import { PALETTE_RANK_BITS, Palette } from "./palette.ts";
import { readPayload } from "./payload.ts";
import {
  FRACTION_BITS,
  FRACTION_HALF,
  FRACTION_ONE,
  GAINS,
  LEVEL_MAX,
  levelOf,
  SLOPE_GAINS,
} from "./predictor.ts";
import { SymbolReader } from "./symbol-reader.ts";
import { integersToValues, type StepScale, valueOfInteger } from "./values.ts";
import { XorState } from "./xor.ts";

/** Up to this scale, what 32 rows add to a level fits 32 bits with its fraction. */
const SCALE_FAST_MAX = 24;

/** Largest slope that a head may have: 32 bits with a sign. */
const SLOPE_MAX = 0x7fff_ffff;

export class ColumnDecoder {
  /** Residuals, and a value in each row: symbols are gathered and filled in by `fill`. */
  isPlain = false;
  readonly words = new SymbolReader();
  mode = MODE_RUNS;
  presence = PRESENCE_YES;
  isPresent = false;
  /** Values are filled in. Else they are only read past: bits that none could be may then pass. */
  isWanted = true;
  /** Rows from here on are not filled in yet. */
  row = 0;
  /** Rows from here on are not marked as having values or none. */
  #marked = 0;
  #readings = 0;

  readonly #channel: Channel;
  readonly #isFloat: boolean;
  readonly #isPayload: boolean;
  /** Integers up to here, from 0 on, are what a boolean or an enumeration can be; NaN for others. */
  readonly #integerMax: number;
  readonly #indexBits: number;
  readonly #xor: XorState;
  readonly #palette = new Palette();
  readonly #none = new Int32Array(0);
  readonly #recent: ChannelValue[] = [];
  #column!: Column;
  readonly #steps: StepScale;
  #level = 0;
  #fraction = 0;
  #slope = 0;
  #gain = 0;
  #slopeGain = 0;
  /** Integer of the last row that had one. */
  #last = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#isFloat = isFloat(channel);
    this.#isPayload = isPayload(channel);
    const isSingle = channel.kind === "float32";
    this.#steps = { ...stepFactorOf(channel), isSingle };
    if (this.#isFloat) this.#steps.isInverse = true;
    const isBoolean = channel.kind === "boolean";
    this.#integerMax = isBoolean ? 1 : (channel.labels?.length ?? Number.NaN) - 1;
    this.#indexBits = isBoolean ? 1 : indexBits(channel.labels?.length ?? 0);
    this.#xor = new XorState(channel.kind === "float64");
  }

  /** Each row has something of the column. */
  get isStream(): boolean {
    return this.mode !== MODE_RUNS && this.mode !== MODE_PAYLOADS;
  }

  /** Reads the head of a batch whose values go into `column`. */
  begin(reader: BitReader, column: Column, hasPresence: boolean): boolean {
    this.#column = column;
    this.row = 0;
    this.#marked = 0;
    this.#readings = 0;
    this.presence = hasPresence ? reader.read(PRESENCE_BITS) : PRESENCE_YES;
    if (this.presence > PRESENCE_BY_ROW) return false;
    this.isPresent = this.presence === PRESENCE_YES;
    this.#last = 0;
    if (this.#isPayload) {
      this.#setMode(MODE_PAYLOADS);
      this.#recent.length = 0;
      if (this.presence === PRESENCE_BY_ROW) return false;
      return !this.isPresent || this.#readRunValue(reader);
    }
    return this.#beginNumbers(reader);
  }

  #beginNumbers(reader: BitReader): boolean {
    if (this.#isFloat && reader.read(1) === 0) {
      this.#setMode(MODE_XOR);
      this.#xor.clear();
      return true;
    }
    if (this.#isFloat) this.#steps.factor = 10 ** reader.read(DIGITS_BITS);
    this.#setMode(reader.read(MODE_BITS));
    return this.mode === MODE_RUNS ? this.#beginRuns(reader) : this.#beginSymbols(reader);
  }

  #setMode(mode: number): void {
    this.mode = mode;
    this.#setPlain();
  }

  #setPlain(): void {
    this.isPlain = this.mode === MODE_RESIDUALS && this.isPresent;
    this.words.isGathered = this.isPlain;
  }

  #beginRuns(reader: BitReader): boolean {
    if (this.#isFloat || this.presence === PRESENCE_BY_ROW) return false;
    if (!this.isPresent) return true;
    const isFree = Number.isNaN(this.#integerMax);
    this.#last = isFree ? reader.readSigned() : reader.read(this.#indexBits);
    return this.#isSound(this.#last);
  }

  #beginSymbols(reader: BitReader): boolean {
    if (this.mode !== MODE_RESIDUALS) this.#palette.clear();
    const predictor = this.mode === MODE_RESIDUALS ? reader.read(PREDICTOR_BITS) : 0;
    this.#gain = GAINS[predictor]!;
    this.#slopeGain = SLOPE_GAINS[predictor]!;
    const scale = reader.read(SCALE_BITS);
    if (scale > SCALE_MAX) return false;
    this.words.begin(scale);
    this.#level = reader.readSigned();
    this.#last = this.#level;
    this.#slope = this.#slopeGain === 0 ? 0 : reader.readSigned();
    this.#fraction = FRACTION_HALF;
    return Math.abs(this.#level) < LEVEL_MAX && Math.abs(this.#slope) <= SLOPE_MAX;
  }

  /** Reads what changes at the row up to which all is filled in. */
  readChange(reader: BitReader, row: number): boolean {
    if (this.presence === PRESENCE_BY_ROW) return false;
    this.#mark(row);
    this.row = row;
    if (!this.isStream && reader.read(1) === 1) {
      this.isPresent = true;
      return this.#readRunValue(reader);
    }
    this.isPresent = !this.isPresent;
    this.#setPlain();
    return this.mode !== MODE_PAYLOADS || !this.isPresent || this.#recent.length > 0;
  }

  #readRunValue(reader: BitReader): boolean {
    if (this.mode === MODE_PAYLOADS) {
      const { isWanted } = this;
      return readPayload(this.#channel, this.#recent, { reader, isWanted }) !== undefined;
    }
    if (this.#channel.kind === "boolean") this.#last = 1 - this.#last;
    else if (this.#channel.kind === "enumeration") this.#last = reader.read(this.#indexBits);
    else this.#last = this.#readInteger(levelOf(this.#last), reader);
    return this.#isSound(this.#last);
  }

  /** An integer within what the channel's kind can be. */
  #isSound(integer: number): boolean {
    const isIndex = integer >= 0 && integer <= this.#integerMax;
    return Number.isNaN(this.#integerMax) ? Number.isSafeInteger(integer) : isIndex;
  }

  /** What stands behind an escape; NaN where it is malformed. */
  #readInteger(base: number, reader: BitReader): number {
    const start = reader.position;
    if (reader.read(1 + LENGTH_BITS) === LENGTH_WHOLE) {
      const whole = reader.readSigned();
      return Math.abs(whole) < LEVEL_MAX ? Number.NaN : whole;
    }
    reader.position = start;
    const integer = base + reader.readSigned();
    return levelOf(integer) === integer ? integer : Number.NaN;
  }

  /** Reads a row that is not plain. */
  readRow(reader: BitReader, row: number): boolean {
    if (this.presence === PRESENCE_BY_ROW) {
      this.isPresent = reader.read(1) === 1;
      this.#column.present[row] = this.isPresent ? 1 : 0;
      if (this.isPresent) this.#readings++;
    }
    if (!this.isPresent) return true;
    if (this.mode === MODE_XOR) return this.#keepNumber(row, this.#xor.read(reader));
    if (this.mode === MODE_RESIDUALS) return this.#readResidual(reader, row);
    return this.#readRank(reader, row);
  }

  #keepNumber(row: number, value: number): true {
    this.#column.numbers[row] = value;
    this.row = row + 1;
    return true;
  }

  #keepInteger(row: number, integer: number): boolean {
    if (!this.isWanted) {
      this.row = row + 1;
      return true;
    }
    if (!this.#isSound(integer)) return false;
    return this.#keepNumber(row, this.#valueOf(integer));
  }

  #valueOf(integer: number): number {
    return valueOfInteger(integer, this.#steps);
  }

  /** A symbol; -1 for the escape. */
  #readSymbol(reader: BitReader): number {
    const symbol = this.words.read(reader);
    this.words.count(symbol);
    return symbol;
  }

  #readResidual(reader: BitReader, row: number): boolean {
    const symbol = this.#readSymbol(reader);
    if (symbol < 0) return this.readEscaped(reader, row);
    const residual = (symbol >>> 1) ^ -(symbol & 1);
    const integer = this.#level + residual;
    this.#slope = (this.#slope + this.#slopeGain * residual) | 0;
    this.#fraction = (this.#fraction + this.#gain * residual + this.#slope) | 0;
    this.#advance();
    return this.#keepInteger(row, integer);
  }

  #advance(): void {
    this.#level += this.#fraction >> FRACTION_BITS;
    this.#fraction &= FRACTION_ONE - 1;
  }

  /** Notes that the escape was met in a plain row, and reads what follows it. */
  readPlainEscape(reader: BitReader, row: number): boolean {
    this.words.count(-1);
    return this.readEscaped(reader, row);
  }

  readEscaped(reader: BitReader, row: number): boolean {
    if (this.#isFloat && reader.read(1) === 1) {
      return this.#keepNumber(row, this.#xor.readWhole(reader));
    }
    const integer = this.#readInteger(this.#level, reader);
    this.#level = levelOf(integer);
    this.#fraction = (FRACTION_HALF + this.#slope) | 0;
    this.#advance();
    return this.#keepInteger(row, integer);
  }

  #readRank(reader: BitReader, row: number): boolean {
    const { numbers } = this.#palette;
    const symbol = this.#readSymbol(reader);
    const rank = symbol < 0 ? reader.read(PALETTE_RANK_BITS) : symbol;
    if (rank > numbers.length) return false;
    const base = this.mode === MODE_PALETTE ? this.#level : this.#last;
    let integer: number;
    if (rank < numbers.length) {
      integer = base + numbers[rank]!;
      this.#palette.hit(rank);
    } else {
      if (this.#isFloat && reader.read(1) === 1) {
        return this.#keepNumber(row, this.#xor.readWhole(reader));
      }
      integer = this.#readInteger(base, reader);
      if (Math.abs(integer) < LEVEL_MAX) this.#palette.add(integer - base);
    }
    this.#last = levelOf(integer);
    return this.#keepInteger(row, integer);
  }

  /**
   * Fills in the rows up to `end`, of which plain columns have their symbols in `symbols` from
   * `start` + row on. False where a value cannot be.
   */
  fill(end: number, symbols: Int32Array, start: number): boolean {
    const from = this.row;
    if (from >= end) return true;
    if (this.isPlain) {
      this.row = end;
      this.words.countRows(end - from);
      if (!this.isWanted) return true;
      if (this.#slopeGain === 0 && this.words.scale <= SCALE_FAST_MAX) {
        this.#fillMeans(from, end, symbols, start);
      } else this.#fillSlopes(from, end, symbols, start);
      return this.#toValues(from, end);
    }
    if (!this.isStream || !this.isPresent) this.row = end;
    if (this.isStream || !this.isPresent || !this.isWanted) return true;
    if (this.mode === MODE_RUNS) this.#column.numbers.fill(this.#valueOf(this.#last), from, end);
    else for (let row = from; row < end; row++) this.#column.objects[row] = this.#recent[0]!;
    return true;
  }

  /** Integers to values, in place. False where one cannot be. */
  #toValues(from: number, end: number): boolean {
    const { numbers } = this.#column;
    if (Number.isNaN(this.#integerMax)) {
      integersToValues(numbers, from, end, this.#steps);
      return true;
    }
    for (let row = from; row < end; row++) if (!this.#isSound(numbers[row]!)) return false;
    return true;
  }

  /** Notes presence up to `end`, which holds since it was noted last. */
  #mark(end: number): void {
    if (this.presence === PRESENCE_BY_ROW) return;
    if (this.isWanted) this.#column.present.fill(this.isPresent ? 1 : 0, this.#marked, end);
    if (this.isPresent) this.#readings += end - this.#marked;
    this.#marked = end;
  }

  /** All `rows` rows are read: fills in what lasts to the end. Returns the values that there are. */
  finish(rows: number): number {
    this.fill(rows, this.#none, 0);
    this.#mark(rows);
    return this.#readings;
  }

  /** The usual case: a level without a slope, which stays near enough for 32 bits. */
  #fillMeans(from: number, end: number, symbols: Int32Array, start: number): void {
    const { numbers } = this.#column;
    const gain = this.#gain;
    const base = this.#level;
    let mean = this.#fraction;
    for (let row = from; row < end; row++) {
      const symbol = symbols[start + row]!;
      const residual = (symbol >>> 1) ^ -(symbol & 1);
      numbers[row] = base + ((mean >> FRACTION_BITS) + residual);
      mean = (mean + Math.imul(gain, residual)) | 0;
    }
    this.#level = base + (mean >> FRACTION_BITS);
    this.#fraction = mean & (FRACTION_ONE - 1);
  }

  #fillSlopes(from: number, end: number, symbols: Int32Array, start: number): void {
    const { numbers } = this.#column;
    for (let row = from; row < end; row++) {
      const symbol = symbols[start + row]!;
      const residual = (symbol >>> 1) ^ -(symbol & 1);
      numbers[row] = this.#level + residual;
      this.#slope = (this.#slope + this.#slopeGain * residual) | 0;
      this.#fraction = (this.#fraction + this.#gain * residual + this.#slope) | 0;
      this.#advance();
    }
  }
}
