// The order-0 entropy of a stream's residuals: what a coder that knew the distribution of each column's
// residuals in advance, and nothing else, would take. An estimate for one class of predictors (running
// means), not a bound. How it is taken is in docs/decisions/0010-batch-codec.md.

import { type Channel, type ChannelValue, isIntegral, stepsOf } from "../../shared/channel.ts";
import type { Stream } from "./reference-stream.ts";

/** Running means over 1, 2, 4 ... 64 values are tried, the best of each column counts. */
const SHIFT_MAX = 6;

/** Bytes a row. */
export function entropyOf({ channels, rows }: Stream): number {
  const times = rows.map(({ timeMs }) => timeMs);
  const periodMs = Math.round((times.at(-1)! - times[0]!) / Math.max(1, times.length - 1));
  const offsets = times.map((timeMs, row) => timeMs - times[0]! - row * periodMs);
  let bits = entropyOfResiduals(offsets);
  for (const [index, channel] of channels.entries()) {
    bits += entropyOfColumn(
      channel,
      rows.map(({ values }) => values[index]),
    );
  }
  return bits / 8;
}

function entropyOfColumn(channel: Channel, values: (ChannelValue | undefined)[]): number {
  const presence = entropy(
    values.map((value, row) => `${value === undefined}${row && values[row - 1] === undefined}`),
  );
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return 0;
  const share = known.length / values.length;
  const isMissingSomewhere = share < 1;
  const integers = isIntegral(channel.kind)
    ? known.map((value) => integerOf(channel, value))
    : known;
  const bits = isIntegral(channel.kind)
    ? entropyOfResiduals(integers as number[])
    : entropy(known.map((value, row) => (row > 0 && value === known[row - 1] ? "" : `${value}`)));
  return bits * share + (isMissingSomewhere ? presence : 0);
}

export function integerOf({ resolution }: Channel, value: ChannelValue): number {
  return resolution === undefined ? Number(value) : stepsOf(value as number, resolution);
}

function entropyOfResiduals(integers: readonly number[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let shift = 0; shift <= SHIFT_MAX; shift++) {
    const weight = 2 ** shift;
    let mean = integers[0]! * weight + weight / 2;
    const residuals = integers.map((integer) => {
      const residual = integer - Math.floor(mean / weight);
      mean += residual;
      return residual;
    });
    best = Math.min(best, entropy(residuals));
  }
  return best;
}

/** Bits a symbol. */
function entropy(symbols: readonly (number | string)[]): number {
  const counts = new Map<number | string, number>();
  for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / symbols.length);
  return bits / symbols.length;
}
