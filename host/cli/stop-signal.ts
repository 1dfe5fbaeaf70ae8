// Ctrl-C and its like: the first asks a command to stop in order, the second stops it at once.

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Exit status of a program that a signal ended: 128 and the signal's number, here SIGINT's. */
const EXIT_INTERRUPTED = 130;

/** Resolves at the first signal. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (isAsked) process.exit(EXIT_INTERRUPTED);
        isAsked = true;
        resolve();
      });
    }
  });
}
