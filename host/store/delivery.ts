// How surely a device's readings get here. Devices that speak our protocol send again what was not
// acknowledged: exactly once. Plain clients do not: at most once. An epoch's `reset` says it in the
// store.

export const AT_MOST_ONCE = "at most once";

export const EXACTLY_ONCE = "exactly once";

export type Delivery = typeof AT_MOST_ONCE | typeof EXACTLY_ONCE;
