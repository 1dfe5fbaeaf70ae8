// The planner: now and then looks at some rows and chooses how each column is written in the next
// batch. It tries few ways of one column a row, so that no row takes long. After some looks it rests
// in between, for longer and longer. What a way took in earlier looks counts too: a hundred rows
// alone would mislead.

import type { ColumnEncoder } from "./column-encoder.ts";
import { Cost } from "./cost.ts";
import { digitsOf, stepsOfFloat } from "./decimal.ts";
import {
  isFloat,
  MODE_PALETTE,
  MODE_PALETTE_OF_DIFFERENCES,
  MODE_PAYLOADS,
  MODE_RESIDUALS,
  MODE_RUNS,
  MODE_XOR,
  PRESENCE_BY_ROW,
  PRESENCE_YES,
} from "./kinds.ts";
import { GAINS, TIME_PREDICTORS } from "./predictor.ts";
import type { TimeEncoder } from "./time-encoder.ts";

/** Rows looked at the first time, when nothing is known, and later. */
const WINDOW_ROWS_FIRST = 32;
const WINDOW_ROWS = 64;
/** Numbers kept in all: a board with many channels looks at fewer rows. */
const WINDOW_NUMBERS_MAX = 400;

/** Ways tried a row: the first time, when every row without a choice is dear, and later. */
const WAYS_PER_ROW_FIRST = 8;
const WAYS_PER_ROW = 2;

/** Looks without rest between them. */
const LOOKS_EAGER = 8;

/** Rows of rest: at first, and at most. Each rest is twice the one before it. */
const REST_ROWS_FIRST = 1_024;
const REST_ROWS_MAX = 32_768;

/** Looks over which a way's figures are averaged. */
const LOOKS_MAX = 8;

/** A way that took so much more than the best is not tried again; what it took fades, so later it is. */
const HOPELESS = 2;
const FADING = 0.8;

/** A constant does not follow what comes: it must be better by more than chance. */
const WAY_CONSTANT = 7;
const CONSTANT_HANDICAP = 1.1;

/** Ways to write a column: its predictors, then these. */
const WAY_RUNS = GAINS.length;
const WAY_PALETTE = GAINS.length + 1;
const WAY_PALETTE_OF_DIFFERENCES = GAINS.length + 2;
const WAYS = GAINS.length + 3;

/** Bits that a change of presence takes, about. */
const PRESENCE_CHANGE_BITS = 16;

/** By way: what a row takes, looks, scale and slope of the last look. */
const WAY_FIELDS = 4;
const WAY_LOOKS = 1;
const WAY_SCALE = 2;
const WAY_SLOPE = 3;

/** What each way took, over this look and the ones before it. One array for all: each costs a board seven slots. */
class WayCosts {
  readonly #all: Float32Array;
  /** Where those begin that are looked at. */
  #start = 0;

  constructor(columns: number) {
    this.#all = new Float32Array(WAY_FIELDS * WAYS * columns);
  }

  /** From here on it is about this column. */
  use(column: number): void {
    this.#start = WAY_FIELDS * WAYS * column;
  }

  /** Of the last look. */
  scaleOf(way: number): number {
    return this.#all[this.#placeOf(way) + WAY_SCALE]!;
  }

  slopeOf(way: number): number {
    return this.#all[this.#placeOf(way) + WAY_SLOPE]!;
  }

  isWorthTrying(way: number): boolean {
    const all = this.#all;
    const at = this.#placeOf(way);
    const bits = all[at]!;
    if (all[at + WAY_LOOKS] === 0 || bits <= HOPELESS * all[this.#placeOf(this.best())]!)
      return true;
    all[at] = FADING * bits;
    return false;
  }

  note(way: number, rows: number, { bits, scale, slope }: Cost): void {
    const all = this.#all;
    const at = this.#placeOf(way);
    const fair = (way === WAY_CONSTANT ? CONSTANT_HANDICAP * bits : bits) / rows;
    const looks = Math.min(all[at + WAY_LOOKS]! + 1, LOOKS_MAX);
    all[at] = all[at]! + (fair - all[at]!) / looks;
    all[at + WAY_LOOKS] = looks;
    all[at + WAY_SCALE] = scale;
    all[at + WAY_SLOPE] = slope;
  }

  best(): number {
    const all = this.#all;
    let best = 0;
    for (let way = 1; way < WAYS; way++) {
      const at = this.#placeOf(way);
      if (all[at + WAY_LOOKS]! > 0 && all[at]! < all[this.#placeOf(best)]!) best = way;
    }
    return best;
  }

  #placeOf(way: number): number {
    return this.#start + WAY_FIELDS * way;
  }
}

/** How a column is to be written. */
export interface ColumnPlan {
  readonly mode: number;
  readonly presence: number;
  readonly predictor: number;
  readonly scale: number;
  /** In 256ths of a step a row. */
  readonly slope: number;
  readonly digits: number;
}

export class Planner {
  /** Rows are wanted. */
  isWatching = true;
  /** The first choices wait: until the batch ends, its rows cost more than they need. */
  isUrgent = false;

  readonly #columns: readonly ColumnEncoder[];
  readonly #times: TimeEncoder;
  readonly #timesMs: Float64Array;
  /** By column, by row; NaN where there is none. One array for all, as of the costs. */
  readonly #window: Float64Array;
  /** Of the column being planned. */
  readonly #numbers: Float64Array;
  readonly #cost: Cost;
  #windowRows: number;
  /** Rows in the window. */
  #rows = 0;
  #looks = 0;
  #restRows = REST_ROWS_FIRST;
  /** Rows until the next look. */
  #rowsToRest = 0;
  #rowsPerBatch = 0;
  /** The column being planned, -1 for the times; and the next way to try. */
  #column = -1;
  #way = 0;
  #periodMs = 0;
  #digits = 0;
  #presence = PRESENCE_YES;
  /** Of all columns, and behind them of the times. */
  readonly #costs: WayCosts;
  /** Choices that wait for the end of the batch. */
  #timePlan: { periodMs: number; predictor: number; scale: number } | undefined;
  readonly #plans: (ColumnPlan | undefined)[];

  constructor(columns: readonly ColumnEncoder[], times: TimeEncoder) {
    this.#columns = columns;
    this.#times = times;
    const rowsMax = Math.min(WINDOW_ROWS, Math.floor(WINDOW_NUMBERS_MAX / columns.length));
    this.#windowRows = Math.min(WINDOW_ROWS_FIRST, rowsMax);
    this.#timesMs = new Float64Array(rowsMax);
    this.#window = new Float64Array(rowsMax * columns.length);
    this.#numbers = new Float64Array(rowsMax);
    this.#plans = columns.map(() => undefined);
    this.#costs = new WayCosts(columns.length + 1);
    this.#costs.use(columns.length);
    this.#cost = new Cost(rowsMax);
  }

  /** A row was written, of which the columns still have the values. Only while watching. */
  handleRow(timeMs: number): void {
    if (this.#rows === this.#windowRows) {
      const ways = this.#looks === 0 ? WAYS_PER_ROW_FIRST : WAYS_PER_ROW;
      for (let count = 0; count < ways && this.#rows > 0; count++) this.#tryNext();
      return;
    }
    this.#timesMs[this.#rows] = timeMs;
    for (let index = 0; index < this.#columns.length; index++) {
      this.#window[index * this.#timesMs.length + this.#rows] = this.#columns[index]!.sample;
    }
    this.#rows++;
  }

  /** A batch of `rows` rows was taken: the next one begins as chosen. */
  handleBatchEnd(rows: number): void {
    this.#rowsPerBatch = rows;
    this.isUrgent = false;
    if (this.#timePlan !== undefined) Object.assign(this.#times, this.#timePlan);
    this.#timePlan = undefined;
    for (let index = 0; index < this.#plans.length; index++) {
      const plan = this.#plans[index];
      if (plan !== undefined) this.#columns[index]!.follow(plan);
      this.#plans[index] = undefined;
    }
    if (this.isWatching) return;
    this.#rowsToRest -= rows;
    this.isWatching = this.#rowsToRest <= 0;
  }

  #tryNext(): void {
    if (this.#column < 0) this.#tryTimes();
    else this.#tryColumn();
    if (this.#way > 0) return;
    this.#column++;
    if (this.#column === this.#columns.length) this.#rest();
    else this.#costs.use(this.#column);
  }

  #rest(): void {
    this.#column = -1;
    this.#costs.use(this.#columns.length);
    this.#rows = 0;
    this.#windowRows = this.#timesMs.length;
    this.isUrgent = this.#looks === 0;
    if (++this.#looks < LOOKS_EAGER) return;
    this.isWatching = false;
    this.#rowsToRest = this.#restRows;
    this.#restRows = Math.min(2 * this.#restRows, REST_ROWS_MAX);
  }

  #tryTimes(): void {
    if (this.#way === 0) this.#periodMs = periodOf(this.#timesMs, this.#rows);
    this.#cost.ofResiduals(this.#timesMs, this.#rows, this.#way, this.#periodMs);
    this.#costs.note(this.#way, this.#rows, this.#cost);
    this.#way = (this.#way + 1) % TIME_PREDICTORS;
    if (this.#way > 0) return;
    const way = this.#costs.best();
    this.#timePlan = {
      periodMs: this.#periodMs,
      predictor: way,
      scale: this.#costs.scaleOf(way),
    };
  }

  #tryColumn(): void {
    const column = this.#columns[this.#column]!;
    const numbers = this.#numbers;
    if (this.#way === 0) this.#beginColumn(column, numbers);
    const isPlannable = column.mode !== MODE_PAYLOADS && this.#digits >= 0;
    while (isPlannable && this.#way < WAYS && !this.#costs.isWorthTrying(this.#way)) this.#way++;
    if (!isPlannable) this.#way = WAYS;
    else if (this.#way < WAYS) this.#tryWay(column, numbers);
    this.#way++;
    if (this.#way < WAYS) return;
    this.#way = 0;
    this.#plans[this.#column] = this.#planOf(column);
  }

  /** What holds for all ways: presence, and a float's decimals. */
  #beginColumn({ channel }: ColumnEncoder, numbers: Float64Array): void {
    const first = this.#column * numbers.length;
    numbers.set(this.#window.subarray(first, first + numbers.length));
    let changes = 0;
    for (let row = 1; row < this.#rows; row++) {
      if (Number.isNaN(numbers[row]!) !== Number.isNaN(numbers[row - 1]!)) changes++;
    }
    const isUnsteady = changes * PRESENCE_CHANGE_BITS > this.#rows;
    this.#presence = isUnsteady ? PRESENCE_BY_ROW : PRESENCE_YES;
    this.#digits = 0;
    if (!isFloat(channel)) return;
    this.#digits = digitsOf(numbers, this.#rows, channel.kind === "float32");
    if (this.#digits < 0) return;
    for (let row = 0; row < this.#rows; row++) {
      numbers[row] = stepsOfFloat(numbers[row]!, 10 ** this.#digits, channel.kind === "float32");
    }
  }

  #tryWay({ channel }: ColumnEncoder, numbers: Float64Array): void {
    const way = this.#way;
    const isBoolean = channel.kind === "boolean";
    if (way < WAY_RUNS) this.#cost.ofResiduals(numbers, this.#rows, way);
    else if (way === WAY_RUNS) {
      if (isFloat(channel) || this.#presence === PRESENCE_BY_ROW) return;
      this.#cost.ofRuns(numbers, this.#rows, isBoolean);
    } else {
      const rowsPerBatch = Math.max(1, this.#rowsPerBatch || 2 * this.#rows);
      const isOfDifferences = way === WAY_PALETTE_OF_DIFFERENCES;
      this.#cost.ofPalette(numbers, this.#rows, rowsPerBatch, isOfDifferences);
    }
    this.#costs.note(way, this.#rows, this.#cost);
  }

  #planOf(column: ColumnEncoder): ColumnPlan {
    const way = this.#costs.best();
    const scale = this.#costs.scaleOf(way);
    const slope = this.#costs.slopeOf(way);
    const plan = { presence: this.#presence, predictor: 0, scale, slope: 0, digits: this.#digits };
    if (column.mode === MODE_PAYLOADS) {
      return { ...plan, mode: MODE_PAYLOADS, presence: PRESENCE_YES, digits: 0 };
    }
    if (this.#digits < 0) return { ...plan, mode: MODE_XOR, digits: 0 };
    if (way === WAY_RUNS) return { ...plan, mode: MODE_RUNS };
    if (way === WAY_PALETTE) return { ...plan, mode: MODE_PALETTE };
    if (way === WAY_PALETTE_OF_DIFFERENCES) {
      return { ...plan, mode: MODE_PALETTE_OF_DIFFERENCES };
    }
    return { ...plan, mode: MODE_RESIDUALS, predictor: way, slope };
  }
}

/** The usual step between times: the mean of those that are not far from the middle one. */
function periodOf(timesMs: Float64Array, count: number): number {
  const steps = timesMs.slice(1, count).map((timeMs, row) => timeMs - timesMs[row]!);
  const middle = steps.slice().sort()[steps.length >> 1] ?? 0;
  const usual = steps.filter((stepMs) => Math.abs(stepMs - middle) <= middle / 2);
  return Math.round(usual.reduce((sum, stepMs) => sum + stepMs, 0) / Math.max(1, usual.length));
}
