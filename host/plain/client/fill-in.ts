// Placeholders in what `senda plain send` sends again and again: {n} is the count of the message from 1,
// {random} a number from 0 to 100, {random:20:30} one within these, {time} the time of day in UTC.

const PLACEHOLDER = /\{(n|time|random(?::(-?\d+(?:\.\d+)?):(-?\d+(?:\.\d+)?))?)\}/g;

export interface FillInContext {
  readonly n: number;
  readonly nowMs: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Random numbers are whole unless a bound has a point, as in {random:20.0:30.0}: then they have two digits. */
export function fillIn(text: string, { n, nowMs, random }: FillInContext): string {
  return text.replace(PLACEHOLDER, (_whole, name: string, low = "0", high = "100") => {
    if (name === "n") return String(n);
    if (name === "time") return new Date(nowMs).toISOString();
    const [from, to] = [Number(low), Number(high)];
    if (low.includes(".") || high.includes(".")) {
      return (from + random() * (to - from)).toFixed(2);
    }
    return String(Math.floor(from + random() * (to - from + 1)));
  });
}
