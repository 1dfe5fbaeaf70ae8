// What a device has on its way: for each record of the window when it was sent and whether it
// arrived. Decides what is lost and must be sent again. PROTOCOL 7.3.
//
// Positions are sequence numbers modulo the largest flight, so a table of fixed size serves; a
// record's place is in use from its first transmission to its acknowledgement.

/** Records that a device has on their way at most: half of what a host grants, for its table takes memory. */
export const FLIGHT_RECORDS_MAX = 128;

/** Records sent later that must have arrived before one counts as lost (RFC 5681 3.2: three duplicates). */
const REORDER_TOLERANCE = 3;

const UNUSED = 0;
const ON_ITS_WAY = 1;
const ARRIVED = 2;
const LOST = 3;

export class Flight {
  /** Records that count against the window of the path: on their way, not arrived, not lost. */
  onTheirWay = 0;
  /** Records that must be sent again. */
  lost = 0;
  /** Records sent again since the start. */
  retransmissions = 0;

  readonly #state = new Uint8Array(FLIGHT_RECORDS_MAX);
  readonly #transmissions = new Uint8Array(FLIGHT_RECORDS_MAX);
  readonly #sentAtMs = new Float64Array(FLIGHT_RECORDS_MAX);
  /** All places before this sequence number are unused, and from `#end` on. */
  #start = 0;
  #end = 0;

  /** The first record that is lost, or undefined. */
  firstLost(): number | undefined {
    if (this.lost === 0) return undefined;
    for (let sequence = this.#start; sequence < this.#end; sequence++) {
      if (this.#state[placeOf(sequence)] === LOST) return sequence;
    }
    return undefined;
  }

  /** When the oldest record on its way was last sent; undefined where there is none. */
  oldestSentAtMs(): number | undefined {
    let oldest: number | undefined;
    for (let sequence = this.#start; sequence < this.#end; sequence++) {
      const place = placeOf(sequence);
      if (this.#state[place] !== ON_ITS_WAY) continue;
      const sentAtMs = this.#sentAtMs[place]!;
      if (oldest === undefined || sentAtMs < oldest) oldest = sentAtMs;
    }
    return oldest;
  }

  /** The record at `sequence` goes out, for the first time or again. */
  handleSent(sequence: number, nowMs: number): void {
    const place = placeOf(sequence);
    if (this.#state[place] === UNUSED) {
      this.#transmissions[place] = 0;
      if (this.#start === this.#end) this.#start = sequence;
      this.#end = sequence + 1;
    } else {
      this.retransmissions++;
    }
    this.#setState(place, ON_ITS_WAY);
    this.#sentAtMs[place] = nowMs;
    this.#transmissions[place] = Math.min(this.#transmissions[place]! + 1, 0xff);
  }

  /**
   * All records before `next` are stored. Returns the round trip of the latest of them that was
   * sent just once, or undefined where there is none.
   */
  handleStored(next: number, nowMs: number): number | undefined {
    let sampleMs: number | undefined;
    const end = Math.min(next, this.#end);
    for (let sequence = this.#start; sequence < end; sequence++) {
      const place = placeOf(sequence);
      if (this.#state[place] !== UNUSED && this.#transmissions[place] === 1) {
        sampleMs = nowMs - this.#sentAtMs[place]!;
      }
      this.#setState(place, UNUSED);
    }
    this.#start = Math.max(this.#start, end);
    return sampleMs;
  }

  /** The record at `sequence` has come, though it is not stored yet. */
  handleArrived(sequence: number): void {
    const place = placeOf(sequence);
    if (!this.#isTracked(sequence) || this.#state[place] === UNUSED) return;
    this.#setState(place, ARRIVED);
  }

  /** Counts as lost what was sent before the record at `arrived`, well ahead of it in sequence, and did not come. */
  markOvertaken(arrived: number): void {
    if (!this.#isTracked(arrived)) return;
    const sentAtMs = this.#sentAtMs[placeOf(arrived)]!;
    for (let sequence = this.#start; sequence <= arrived - REORDER_TOLERANCE; sequence++) {
      const place = placeOf(sequence);
      if (this.#state[place] === ON_ITS_WAY && this.#sentAtMs[place]! <= sentAtMs) {
        this.#setState(place, LOST);
      }
    }
  }

  /** Counts as lost whatever was sent at `sentBeforeMs` or earlier and did not come. Returns whether there was any. */
  markTimedOut(sentBeforeMs: number): boolean {
    let isAny = false;
    for (let sequence = this.#start; sequence < this.#end; sequence++) {
      const place = placeOf(sequence);
      if (this.#state[place] !== ON_ITS_WAY || this.#sentAtMs[place]! > sentBeforeMs) continue;
      this.#setState(place, LOST);
      isAny = true;
    }
    return isAny;
  }

  /**
   * The path changed: whatever is not known to be stored goes again. What had arrived counts as
   * lost too, for a host that restarted has forgotten it.
   */
  markAllLost(): void {
    for (let sequence = this.#start; sequence < this.#end; sequence++) {
      const place = placeOf(sequence);
      if (this.#state[place] !== UNUSED) this.#setState(place, LOST);
    }
  }

  #setState(place: number, state: number): void {
    const before = this.#state[place]!;
    this.onTheirWay += Number(state === ON_ITS_WAY) - Number(before === ON_ITS_WAY);
    this.lost += Number(state === LOST) - Number(before === LOST);
    this.#state[place] = state;
  }

  #isTracked(sequence: number): boolean {
    return sequence >= this.#start && sequence < this.#end;
  }
}

function placeOf(sequence: number): number {
  return sequence % FLIGHT_RECORDS_MAX;
}
