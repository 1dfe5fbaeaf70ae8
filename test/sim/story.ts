// What happened in a world: a count of each fault, a fingerprint of all that passed over the wires,
// and, where somebody reads it, a line for each thing worth telling.

import type { VirtualClock } from "./clock.ts";
import type { FaultKind } from "./plan.ts";

/** A story keeps its beginning and its end; people look for the cause at the end. */
const LINES_AT_START_MAX = 400;
const LINES_AT_END_MAX = 1_600;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Bytes of each message that go into the fingerprint: its code, its number, the start of its body. */
const FINGERPRINT_BYTES = 12;

export class Story {
  readonly faults = new Map<FaultKind, number>();
  readonly isTold: boolean;
  readonly #clock: VirtualClock;
  readonly #start: string[] = [];
  #end: string[] = [];
  #leftOut = 0;
  #fingerprint = FNV_OFFSET;

  constructor(clock: VirtualClock, isTold: boolean) {
    this.#clock = clock;
    this.isTold = isTold;
  }

  /** Callers whose text is costly to make ask `isTold` first. */
  tell(who: string, text: string): void {
    if (!this.isTold) return;
    const seconds = (this.#clock.nowMs / 1_000).toFixed(4).padStart(9);
    this.#keep(`${seconds}  ${who.padEnd(10)} ${text}`);
  }

  countFault(kind: FaultKind): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** A discrete fault: counted and told. */
  tellFault(kind: FaultKind, text: string): void {
    this.countFault(kind);
    this.tell("fault", `${kind}: ${text}`);
  }

  /** Bytes arrived somewhere. */
  note(bytes: Uint8Array): void {
    let hash = this.#fingerprint;
    hash = Math.imul(hash ^ bytes.length, FNV_PRIME);
    hash = Math.imul(hash ^ Math.floor(this.#clock.nowMs * 1_000), FNV_PRIME);
    const end = Math.min(bytes.length, FINGERPRINT_BYTES);
    for (let index = 0; index < end; index++) hash = Math.imul(hash ^ bytes[index]!, FNV_PRIME);
    this.#fingerprint = hash;
  }

  /** Two runs with the same one were the same, byte for byte as far as it looks. */
  get fingerprint(): string {
    return (this.#fingerprint >>> 0).toString(16).padStart(8, "0");
  }

  get lines(): string[] {
    const leftOut = this.#leftOut > 0 ? [`... ${this.#leftOut} lines left out ...`] : [];
    return [...this.#start, ...leftOut, ...this.#end];
  }

  #keep(line: string): void {
    if (this.#start.length < LINES_AT_START_MAX) {
      this.#start.push(line);
      return;
    }
    this.#end.push(line);
    if (this.#end.length < 2 * LINES_AT_END_MAX) return;
    this.#leftOut += LINES_AT_END_MAX;
    this.#end = this.#end.slice(LINES_AT_END_MAX);
  }
}
