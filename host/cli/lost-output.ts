// Standard output that nobody takes any more: the reader of a pipe has gone, the terminal was closed,
// the disk behind `>` is full. Most commands have nothing to do without it and end. A collector's
// work is the store: it goes on, for a full log must not cost readings.

import { EXIT_FAILED } from "./failure.ts";

/** A reader that has seen enough (`senda export | head`) is no error; a full disk behind `>` is. */
function end(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`senda: the output cannot be written: ${error.message}\n`);
  process.exit(EXIT_FAILED);
}

/** How every command begins. */
export function endWithoutOutput(): void {
  process.stdout.on("error", end);
  process.stderr.on("error", () => undefined); // there is nobody left to tell
}

/** For a command that is of use though nobody watches. Says once, on standard error, that nobody does. */
export function goOnWithoutOutput(): void {
  let isTold = false;
  process.stdout.off("error", end);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (isTold) return;
    isTold = true;
    const text = `nobody takes the output any more (${error.message}); readings are stored as before`;
    process.stderr.write(`senda: ${text}\n`);
  });
}
