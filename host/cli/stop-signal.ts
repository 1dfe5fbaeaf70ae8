// Ctrl-C and its like: the first asks a command to stop in order, the second stops it at once.

import { monotonicMs } from "../clock.ts";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Exit status of a program that a signal ended: 128 and the signal's number, here SIGINT's. */
export const EXIT_INTERRUPTED = 130;

/** One Ctrl-C may arrive twice, from the terminal and passed on by npm: signals this close together are one. */
const SAME_SIGNAL_MS = 1_000;

/** Resolves at the first signal. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs: number | undefined;
    const handleSignal = () => {
      const nowMs = monotonicMs();
      if (askedAtMs !== undefined && nowMs > askedAtMs + SAME_SIGNAL_MS) {
        process.exit(EXIT_INTERRUPTED);
      }
      askedAtMs ??= nowMs;
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, handleSignal);
  });
}
