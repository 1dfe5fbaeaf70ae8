// Whether two readings are the same to the last bit that a store keeps: floats by their bits (any NaN is
// as good as another), texts and bytes by what is in them, structured values in the order of their keys.

import type { ChannelValue } from "../../shared/channel.ts";

export function isSameValue(one: ChannelValue, other: ChannelValue): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Uint8Array) {
    return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  }
  if (Array.isArray(one)) return Array.isArray(other) && areSame(one, other);
  if (one instanceof Map) {
    return (
      other instanceof Map &&
      areSame([...one.keys()], [...other.keys()]) &&
      areSame([...one.values()], [...other.values()])
    );
  }
  return false;
}

function areSame(some: readonly ChannelValue[], others: readonly ChannelValue[]): boolean {
  return (
    some.length === others.length &&
    some.every((value, index) => isSameValue(value, others[index]!))
  );
}
