// How far a file is: a bar with rate and remaining time on a terminal, a JSON object a line for programs.

import { monotonicMs } from "../../clock.ts";
import type { HandleProgress } from "../../files/transfers.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { bytesText } from "./quantity.ts";
import { TransientLine } from "./transient-line.ts";

const BAR_WIDTH = 20;

/** Rates over less than this say nothing. */
const RATE_AFTER_MS = 500;

export class TransferLine {
  readonly #name: string;
  readonly #isJson: boolean;
  readonly #line = new TransientLine(process.stderr);
  /** Where it was when it was first heard of: what came in an earlier try says nothing of the rate. */
  #first: { readonly done: number; readonly atMs: number } | undefined;

  constructor(name: string, isJson: boolean) {
    this.#name = name;
    this.#isJson = isJson;
  }

  readonly handleProgress: HandleProgress = (done, total) => {
    if (this.#isJson) {
      process.stdout.write(jsonLine({ event: "progress", done, total }));
      return;
    }
    const nowMs = monotonicMs();
    this.#first ??= { done, atMs: nowMs };
    const { done: before, atMs } = this.#first;
    const elapsedMs = nowMs - atMs;
    const bytesPerSecond = elapsedMs < RATE_AFTER_MS ? 0 : (1_000 * (done - before)) / elapsedMs;
    this.#line.show(
      () => `${printable(this.#name)}  ${progressText({ done, total, bytesPerSecond })}`,
    );
  };

  clear(): void {
    this.#line.clear();
  }
}

/** "[#####---------------] 25 %, 1.00 MB of 4.00 MB, 500 kB/s, 6 s left". A rate of 0 is not known. */
export function progressText(progress: {
  readonly done: number;
  readonly total: number;
  readonly bytesPerSecond: number;
}): string {
  const { done, total, bytesPerSecond } = progress;
  if (total === 0) return "waits for the device";
  const filled = Math.floor((BAR_WIDTH * done) / total);
  const bar = "#".repeat(filled) + "-".repeat(BAR_WIDTH - filled);
  const percent = Math.floor((100 * done) / total);
  const text = `[${bar}] ${percent} %, ${bytesText(done)} of ${bytesText(total)}`;
  if (bytesPerSecond <= 0) return text;
  const left = durationText((total - done) / bytesPerSecond);
  return `${text}, ${bytesText(Math.round(bytesPerSecond))}/s, ${left} left`;
}

function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
