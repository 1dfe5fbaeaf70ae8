// Which counters have come: each is taken once, in any order, as long as it is not too far behind the
// highest (RFC 4303 3.4.3). Ten thousand idle devices keep but a number each: room for a bitmap is
// made when a counter first comes out of order.

/**
 * How far a message may be overtaken by others. Links share one counter, so a link that stalls for some
 * seconds is overtaken by all that another brings meanwhile.
 */
export const REPLAY_WINDOW_MESSAGES = 1_024;

const WORDS = REPLAY_WINDOW_MESSAGES / 32;

export class ReplayWindow {
  /** Below 0 while none has come. */
  highest = -1;
  /** A bit for each counter modulo the window, set where it has come; undefined while all up to `highest` have. */
  #seen: Uint32Array | undefined;

  /** False where the counter has come before, or is too old to tell. */
  isFresh(counter: number): boolean {
    if (counter > this.highest) return true;
    if (this.#seen === undefined || counter <= this.highest - REPLAY_WINDOW_MESSAGES) return false;
    return (this.#seen[(counter >>> 5) % WORDS]! & (1 << (counter & 31))) === 0;
  }

  /** The counter has come, and what it came with is authentic. */
  mark(counter: number): void {
    if (counter === this.highest + 1 && this.#seen === undefined) {
      this.highest = counter;
      return;
    }
    this.#seen ??= new Uint32Array(WORDS).fill(0xffff_ffff);
    if (counter > this.highest) this.#advance(this.#seen, counter);
    this.#set(this.#seen, counter);
  }

  /** What lies between has not come yet. */
  #advance(seen: Uint32Array, counter: number): void {
    const from = Math.max(this.highest + 1, counter - REPLAY_WINDOW_MESSAGES + 1);
    for (let missing = from; missing < counter; missing++) {
      const word = (missing >>> 5) % WORDS;
      seen[word] = seen[word]! & ~(1 << (missing & 31));
    }
    this.highest = counter;
  }

  #set(seen: Uint32Array, counter: number): void {
    const word = (counter >>> 5) % WORDS;
    seen[word] = seen[word]! | (1 << (counter & 31));
  }
}
