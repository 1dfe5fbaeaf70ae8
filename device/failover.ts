// Which path to use: a pure policy. Paths stand in order of preference; index 0 is the best.
//
// The rule: every path that is better than the one in use is tried again and again, with backoff;
// a worse one only while no better one is up. So a better path is probed while a worse one carries
// the readings, and the worse one is let go only once the better one is up: make before break.
// Worse paths wait a moment at the start and after a success, to give the better ones their chance.

/** Before a path that is one place worse is tried, while a better one is still being opened. */
const PATIENCE_MS = 1_000;

/** First wait after a failure; each further failure doubles it. */
const BACKOFF_MS_MIN = 500;

/** Longest wait: a collector that comes back is found within half a minute. */
const BACKOFF_MS_MAX = 30_000;

/** Half of each wait is fixed, half is chance, so that devices that lost a collector together come back apart. */
const JITTER_PART = 0.5;

const NEVER = Number.POSITIVE_INFINITY;

type PathState = "closed" | "opening" | "up";

interface Path {
  state: PathState;
  failures: number;
  /** Not to be tried before. */
  retryAtMs: number;
}

export interface FailoverAction {
  readonly kind: "open" | "close";
  readonly path: number;
}

export class Failover {
  readonly #paths: Path[];
  readonly #random: () => number;

  /** `random` gives numbers from 0 up to 1. */
  constructor(count: number, random: () => number, nowMs: number) {
    this.#random = random;
    this.#paths = Array.from({ length: count }, (_, index) => ({
      state: "closed" as PathState,
      failures: 0,
      retryAtMs: nowMs + index * PATIENCE_MS,
    }));
  }

  /** The path to be used: the best that is up. */
  get best(): number | undefined {
    const index = this.#paths.findIndex((path) => path.state === "up");
    return index < 0 ? undefined : index;
  }

  /** The path was welcomed by the collector. */
  handleUp(index: number): void {
    const path = this.#paths[index]!;
    path.state = "up";
    path.failures = 0;
  }

  /** The path failed or was lost. `retryAfterMs`: the collector's wish, 0 for none. */
  handleDown(index: number, retryAfterMs: number, nowMs: number): void {
    const path = this.#paths[index]!;
    const wasUp = path.state === "up";
    path.state = "closed";
    if (retryAfterMs > 0) path.retryAtMs = nowMs + this.#spread(retryAfterMs);
    else path.retryAtMs = nowMs + this.#backoffMs(path.failures++);
    if (!wasUp) return;
    for (let worse = index + 1; worse < this.#paths.length; worse++) {
      const other = this.#paths[worse]!;
      if (other.failures === 0 && !isLeftOut(other))
        other.retryAtMs = nowMs + (worse - index - 1) * PATIENCE_MS;
    }
  }

  /** The path cannot be opened as long as this life lasts. */
  leaveOut(index: number): void {
    this.#paths[index]!.retryAtMs = NEVER;
  }

  /** What to do next; ask until undefined. An opened path is expected to report `handleUp` or `handleDown`. */
  pollAction(nowMs: number): FailoverAction | undefined {
    const best = this.best ?? Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#paths.length; index++) {
      const path = this.#paths[index]!;
      if (index > best && path.state !== "closed") {
        path.state = "closed";
        path.failures = 0;
        path.retryAtMs = nowMs;
        return { kind: "close", path: index };
      }
      if (index < best && path.state === "closed" && nowMs >= path.retryAtMs) {
        path.state = "opening";
        return { kind: "open", path: index };
      }
    }
    return undefined;
  }

  /** When `pollAction` may next have something; infinity while it cannot. */
  nextDueMs(): number {
    const best = this.best ?? Number.POSITIVE_INFINITY;
    let dueMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#paths.length && index < best; index++) {
      const path = this.#paths[index]!;
      if (path.state === "closed") dueMs = Math.min(dueMs, path.retryAtMs);
    }
    return dueMs;
  }

  #backoffMs(failures: number): number {
    const waitMs = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(failures, 10), BACKOFF_MS_MAX);
    return waitMs * (1 - JITTER_PART + JITTER_PART * this.#random());
  }

  /** The collector's wish and up to half as long again, so that not all come back at once. */
  #spread(retryAfterMs: number): number {
    return retryAfterMs * (1 + JITTER_PART * this.#random());
  }
}

function isLeftOut({ retryAtMs }: Path): boolean {
  return retryAtMs === NEVER;
}
