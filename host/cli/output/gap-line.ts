// Gaps in words: what a device had to drop, from when to when, and why.

import type { GapSummary } from "../../store/reader.ts";
import { printable } from "../../terminal/printable.ts";
import { timeText } from "./moment.ts";
import { counted } from "./quantity.ts";

/** What the store's gaps say of themselves (GAP_REASONS in shared/errors.ts), for people. */
const REASONS: Readonly<Record<string, string>> = {
  "outbox-full": "outbox full",
  oversize: "too large for a batch",
  damaged: "damaged on the device",
};

const DATE_CHARS = "2026-11-22 ".length;

/** A gap as far as its words need it. */
type GapSpan = Omit<GapSummary, "device" | "epoch" | "sequence">;

/** "2026-11-22 18:00:00.000  120 readings dropped until 18:02:00.000: outbox full", printable. */
export function gapText(gap: GapSpan): string {
  const { count, readings, firstMs, lastMs, firstUs, lastUs, reason } = gap;
  if (reason === "elsewhere") return `${counted(count, "record")} went to another store`;
  if (reason === "refused") return `${counted(count, "batch", "batches")} kept aside: unreadable`;
  const why = Object.hasOwn(REASONS, reason) ? REASONS[reason]! : printable(reason);
  const dropped = `${counted(readings, "reading")} dropped`;
  if (firstMs === null || lastMs === null) return `${dropped}: ${why}`;
  const first = timeText(firstUs, firstMs);
  const last = timeText(lastUs, lastMs);
  const isSameDay = lastUs !== null && first.slice(0, DATE_CHARS) === last.slice(0, DATE_CHARS);
  return `${first}  ${dropped} until ${isSameDay ? last.slice(DATE_CHARS) : last}: ${why}`;
}

/** Hands out the gaps of one device at their place among the batches. */
export class GapQueue {
  /** By epoch, in order of sequence. */
  readonly #waiting = new Map<string, GapSummary[]>();

  constructor(gaps: readonly GapSummary[]) {
    const inOrder = [...gaps].sort((a, b) => a.sequence - b.sequence);
    for (const gap of inOrder) {
      const list = this.#waiting.get(gap.epoch);
      if (list === undefined) this.#waiting.set(gap.epoch, [gap]);
      else list.push(gap);
    }
  }

  /** The epoch's gaps before the batch `sequence`, or all, that were not handed out. */
  takeBefore(epoch: string, sequence = Number.POSITIVE_INFINITY): GapSummary[] {
    const list = this.#waiting.get(epoch) ?? [];
    const end = list.findIndex((gap) => gap.sequence > sequence);
    return list.splice(0, end === -1 ? list.length : end);
  }

  /** The gaps that are left. */
  takeAll(): GapSummary[] {
    return [...this.#waiting.keys()].flatMap((epoch) => this.takeBefore(epoch));
  }
}
