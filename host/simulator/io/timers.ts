// Moddable's `timer` module over Node's timers. Handles are objects and keep the process alive: they
// are the firmware. Catching up in a burst after a stall, as an ESP32 does, is left out.
// modules/base/timer/mc/timer.c, docs/decisions/0005-io-classes.md.

import type { TimerHandle, Timers } from "../../../device/platform/ecma419.ts";

/** The longest delay that both Node and Moddable's signed 32-bit milliseconds can hold. */
const DELAY_MS_MAX = 0x7fff_ffff;

class NodeTimer {
  readonly timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.timeout = timeout;
  }
}

/** Timers over setTimeout and setInterval. */
export const nodeTimers: Timers = {
  /** Throws RangeError beyond 2^31 - 1 ms, which Node would take for 1 ms. */
  set(callback: () => void, delayMs: number): TimerHandle {
    assertDelay(delayMs);
    return new NodeTimer(setTimeout(callback, delayMs));
  },

  /** Throws RangeError below 1 ms too: an ESP32 calls a period of 0 once only. */
  repeat(callback: () => void, periodMs: number): TimerHandle {
    assertDelay(periodMs);
    if (!(periodMs >= 1)) throw new RangeError(`no period: ${periodMs} ms`);
    return new NodeTimer(setInterval(callback, periodMs));
  },

  clear(timer: TimerHandle | undefined): void {
    if (timer === undefined) return;
    if (!(timer instanceof NodeTimer)) throw new TypeError("not a timer of this platform");
    clearTimeout(timer.timeout);
  },
};

function assertDelay(delayMs: number): void {
  if (!(delayMs <= DELAY_MS_MAX)) throw new RangeError(`no delay: ${delayMs} ms`);
}
