// What a bench gives, and what it is told. Figures go to people as a table and to programs as JSON.

export interface Figure {
  /** From the general to the special, with dots: "ingest.tcp.200". `--only` takes a prefix of it. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How many times the peer's figure this one is, by the peer's name; from the same run. */
  readonly ratio?: Readonly<Record<string, number>>;
}

export interface BenchOptions {
  /** Tiny counts: only to see that everything works. */
  readonly isQuick: boolean;
  /** How long the memory is watched. */
  readonly minutes: number;
  /** Length of the time that series are read from; a month unless told. */
  readonly days?: number;
  /** True where a figure of that name, or below it, was asked for. */
  readonly wants: (name: string) => boolean;
  /** Says what is left out, and why. */
  readonly leaveOut: (what: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<Figure[]>;

/** The middle of the values; of an even count the lower one of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The value below which `share` (0 to 1) of the sorted values lie. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
