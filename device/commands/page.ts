// Lists that are longer than a result may be, in pages: `{ items, next }`. Who wants more asks again
// with `from`; `next` is null at the end.

import { COMMAND_BODY_BYTES_MAX } from "../../shared/limits.ts";
import { type CborValue, encodeCbor } from "../../shared/message/cbor.ts";
import type { Arguments, Parameter } from "./command.ts";

/** What stands around the items. */
const AROUND_BYTES = 32;

/** Every command with pages takes it. */
export const FROM: Parameter = {
  name: "from",
  kind: "integer",
  least: 0,
  help: "the first item, as `next` of the page before says",
  isOptional: true,
};

/** As many of the `count` items as fit from `from` on, one at least; `itemAt` makes them. */
export function pageOf(
  count: number,
  itemAt: (index: number) => CborValue,
  given: Arguments,
): CborValue {
  const items: CborValue[] = [];
  let index = Number(given.get(FROM.name) ?? 0);
  let room = COMMAND_BODY_BYTES_MAX - AROUND_BYTES;
  for (; index < count; index++) {
    const item = itemAt(index);
    room -= encodeCbor(item).length;
    if (room < 0 && items.length > 0) break;
    items.push(item);
  }
  return new Map<string, CborValue>([
    ["items", items],
    ["next", index < count ? index : null],
  ]);
}
