// What the CBOR vectors cannot say: keys that would harm an object, huge counts in little time,
// Node's Buffer, and what may be encoded.

import { expect, test } from "vitest";
import { type CborValue, decodeCbor, encodeCbor } from "../../shared/message/cbor.ts";
import { fromHex } from "../reference/numbers.ts";

test("a __proto__ key is a key as any other and changes no prototype", () => {
  const inner = new Map<string, CborValue>([["polluted", true]]);
  const value = decodeCbor(encodeCbor(new Map<string, CborValue>([["__proto__", inner]])));
  expect(value).toBeInstanceOf(Map);
  expect((value as Map<string, CborValue>).get("__proto__")).toEqual(inner);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("huge counts are refused without work or memory for them", () => {
  const heads = ["9b001fffffffffffff", "bb001fffffffffffff", "5b001fffffffffffff", "9affffffff"];
  const before = process.memoryUsage().arrayBuffers;
  for (let run = 0; run < 10_000; run++) {
    const head = heads[run % heads.length]!;
    expect(decodeCbor(Uint8Array.from(fromHex(head)))).toBeUndefined();
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
});

test("the items limit holds across nesting", () => {
  const rows = (count: number): CborValue => new Array(count).fill([1, 2, 3]);
  expect(decodeCbor(encodeCbor(rows(255)))).toBeDefined(); // 1 + 255 x 4 items
  expect(decodeCbor(encodeCbor(rows(256)))).toBeUndefined();
});

test("bytes that come as a Node Buffer, within a larger one", () => {
  const map = encodeCbor(new Map<string, CborValue>([["a", [1, "b", Uint8Array.of(3)]]]));
  const buffer = Buffer.concat([Buffer.from([0xff]), map, Buffer.from([0xff])]);
  const view = buffer.subarray(1, 1 + map.length);
  expect(decodeCbor(view)).toEqual(decodeCbor(map));
});

test("what CBOR cannot carry is our own mistake and throws", () => {
  expect(() => encodeCbor((() => 1) as unknown as CborValue)).toThrow();
  expect(() => encodeCbor({ plain: "object" } as unknown as CborValue)).toThrow();
});

test("decoded bytes are a copy, which outlives the input", () => {
  const input = encodeCbor(Uint8Array.of(1, 2, 3));
  const value = decodeCbor(input);
  input.fill(0);
  expect(value).toEqual(Uint8Array.of(1, 2, 3));
});
