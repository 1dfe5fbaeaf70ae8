// The one clock of a simulated world: a queue of things to happen, in a binary heap. Time passes only
// when the next of them happens. Things of the same time happen in the order in which they were
// asked for, so a world is the same each time it is run.

/** Things that may happen at one moment; beyond it something asks for "at once" without end. */
const STEPS_AT_ONE_TIME_MAX = 20_000;

/** Something that is to happen. Owned by the clock; its `callback` is gone once it happened or was cancelled. */
export interface Alarm {
  readonly atMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

export class VirtualClock {
  /** Virtual milliseconds since the world began; fractions count. */
  nowMs = 0;
  /** Things that happened. */
  steps = 0;

  readonly #heap: Alarm[] = [];
  #order = 0;
  #stepsNow = 0;

  /** Lets `callback` happen at `atMs`, or now where that has passed. */
  at(atMs: number, callback: () => void): Alarm {
    const alarm = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, callback };
    this.#heap.push(alarm);
    this.#siftUp(this.#heap.length - 1);
    return alarm;
  }

  after(delayMs: number, callback: () => void): Alarm {
    return this.at(this.nowMs + delayMs, callback);
  }

  /** Cancelled alarms stay in the heap until their time, which is cheaper than to look for them. */
  cancel(alarm: Alarm | undefined): void {
    if (alarm !== undefined) alarm.callback = undefined;
  }

  /** Lets the next thing happen. False, with the time at `endMs`, where nothing happens before it. */
  step(endMs: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs;
        return false;
      }
      this.#removeFirst();
      const { callback } = next;
      if (callback === undefined) continue;
      next.callback = undefined;
      this.#advance(next.atMs);
      callback();
      return true;
    }
  }

  #advance(atMs: number): void {
    this.steps++;
    this.#stepsNow = atMs > this.nowMs ? 0 : this.#stepsNow + 1;
    if (this.#stepsNow > STEPS_AT_ONE_TIME_MAX) throw new Error("time stands still");
    this.nowMs = atMs;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    this.#siftDown();
  }

  #siftUp(index: number): void {
    const heap = this.#heap;
    const alarm = heap[index]!;
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(alarm, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = alarm;
  }

  #siftDown(): void {
    const heap = this.#heap;
    const alarm = heap[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, alarm)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = alarm;
  }
}

function isBefore(one: Alarm, other: Alarm): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
