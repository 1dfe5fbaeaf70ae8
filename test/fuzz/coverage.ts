// What the code under test did with an input: how often it passed each counter, and how many steps it
// took. An input is news where it passes a counter more or less often than any before, by powers of two.

/** Where code under test stands among the counters. */
export interface CoveredFile {
  readonly path: string;
  readonly first: number;
  readonly counters: number;
}

/** The input took more steps than any of its length may. */
export class TooManySteps extends Error {}

/** How often, as one of eight bits: once, twice, three times, up to 7, 15, 31, 127, more. */
const BUCKETS = Uint8Array.from({ length: 256 }, (_, hits) => {
  if (hits === 0) return 0;
  const bucket = [1, 2, 3, 7, 15, 31, 127, 255].findIndex((most) => hits <= most);
  return 1 << bucket;
});

export class Coverage {
  /** By counter; the code under test counts here. */
  readonly hits: Uint8Array;
  readonly files: readonly CoveredFile[];
  readonly #seen: Uint8Array;
  /** That the last input took. */
  steps = 0;
  #stepsMax = 0;
  #stepsLeft = Number.POSITIVE_INFINITY;

  constructor(files: readonly CoveredFile[]) {
    this.files = files;
    const counters = files.reduce((sum, file) => sum + file.counters, 0);
    this.hits = new Uint8Array(counters);
    this.#seen = new Uint8Array(counters);
  }

  get counters(): number {
    return this.hits.length;
  }

  /** Counters that were ever passed. */
  get passed(): number {
    return this.passedOf({ path: "", first: 0, counters: this.counters });
  }

  passedOf({ first, counters }: CoveredFile): number {
    return this.#seen.subarray(first, first + counters).filter((seen) => seen !== 0).length;
  }

  begin(stepsMax: number): void {
    this.hits.fill(0);
    this.#stepsMax = stepsMax;
    this.#stepsLeft = stepsMax;
  }

  /** Called by the code under test. */
  readonly spend = (): void => {
    if (--this.#stepsLeft < 0) throw new TooManySteps(`more than ${this.#stepsMax} steps`);
  };

  /** What runs from here on is no input's. Returns the error where the steps were too many: the code may have caught it. */
  end(): TooManySteps | undefined {
    this.steps = this.#stepsMax - this.#stepsLeft;
    this.#stepsLeft = Number.POSITIVE_INFINITY;
    const isTooMany = this.steps > this.#stepsMax;
    return isTooMany ? new TooManySteps(`more than ${this.#stepsMax} steps`) : undefined;
  }

  /** Takes note of what the last input passed. True where some of it is news. */
  learn(): boolean {
    const { hits } = this;
    const seen = this.#seen;
    let isNews = false;
    for (let counter = 0; counter < hits.length; counter++) {
      const bucket = BUCKETS[hits[counter]!]!;
      if ((seen[counter]! | bucket) === seen[counter]) continue;
      seen[counter] = seen[counter]! | bucket;
      isNews = true;
    }
    return isNews;
  }

  forget(): void {
    this.#seen.fill(0);
  }
}
