// The two clocks of the host: one that only runs forward, for time-outs and round trips, and UTC,
// for what is kept. UTC may be stepped by an administrator or NTP, so it never measures durations.

/** Milliseconds that never run backwards; meaningful as differences only. */
export function monotonicMs(): number {
  return performance.now();
}

/** Microseconds since 1970, UTC. */
export function utcMicros(): number {
  return Date.now() * 1_000;
}
