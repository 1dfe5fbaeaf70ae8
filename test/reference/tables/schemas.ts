// Vectors of CBOR values and of schemas.

import { decodeCbor, encodeCbor, type Notation } from "../cbor.ts";
import { type Bytes, crc32c, fromHex, toHex } from "../numbers.ts";
import { type ChannelNotation, decodeSchema, encodeSchema } from "../schemas.ts";
import { type Entry, entry, invalid, type Table, valid } from "./entry.ts";
import { cborSamples } from "./messages.ts";

/** One channel of every kind. */
export const EVERY_KIND: ChannelNotation[] = [
  { name: "temperature", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "count", kind: "integer", unit: "count" },
  { name: "door", kind: "boolean", unit: "" },
  { name: "mode", kind: "enumeration", unit: "", labels: ["off", "heating", "cooling"] },
  { name: "note", kind: "text", unit: "" },
  { name: "ratio", kind: "float32", unit: "/" },
  { name: "position", kind: "float64", unit: "m" },
  { name: "raw", kind: "bytes", unit: "" },
  { name: "state", kind: "structured", unit: "" },
];

const ONE = EVERY_KIND[0]!;

export function cborTable(): Table {
  const entries = cborSamples().map(({ name, bytes }): Entry => {
    const made = entry(name, bytes, decodeCbor);
    const isOurs =
      made.error === undefined && toHex(encodeCbor(made.value as Notation)) === made.hex;
    return made.error !== undefined || isOurs ? made : { ...made, decodeOnly: true };
  });
  return { about: "CBOR (PROTOCOL 4.1). value: the item.", vectors: entries };
}

export function schemasTable(): Table {
  return {
    about: "Schemas (PROTOCOL 5). value: the channels; hash: the CRC-32C of the bytes.",
    vectors: [...soundSchemas(), ...otherEncodings(), ...unsoundSchemas()],
  };
}

function made(name: string, channels: ChannelNotation[]): Entry {
  const bytes = encodeSchema(channels);
  return valid(name, bytes, decodeSchema, { hash: crc32c(bytes) });
}

function soundSchemas(): Entry[] {
  return [
    made("one channel", [ONE]),
    made("one channel of every kind", EVERY_KIND),
    made("resolutions as integer, float32 and float64", [
      { ...ONE, name: "a", resolution: 5 },
      { ...ONE, name: "b", resolution: 0.5 },
      { ...ONE, name: "c", resolution: 0.1 },
      { ...ONE, name: "d", resolution: 1e12 },
      { ...ONE, name: "e", resolution: 1e-12 },
    ]),
    made(
      "64 channels",
      Array.from({ length: 64 }, (_, index) => ({ name: `c${index}`, kind: "boolean", unit: "" })),
    ),
    made("64 labels", [
      {
        name: "m",
        kind: "enumeration",
        unit: "",
        labels: Array.from({ length: 64 }, (_, index) => `l${index}`),
      },
    ]),
    made("names in other scripts", [{ ...ONE, name: "Außentemperatur", unit: "°" }]),
    made("__proto__ as name", [{ ...ONE, name: "__proto__" }]),
    made("a name of 64 bytes", [{ ...ONE, name: "é".repeat(32) }]),
  ];
}

function otherEncodings(): Entry[] {
  const reversed: Notation = [
    {
      map: [
        ["unit", ""],
        ["future", [1]],
        ["kind", 2],
        ["name", "door"],
      ],
    },
  ];
  return [
    valid(
      "keys in another order, an empty unit, an unknown key",
      encodeCbor(reversed),
      decodeSchema,
      {
        decodeOnly: true,
        hash: crc32c(encodeCbor(reversed)),
      },
    ),
  ];
}

function unsoundSchemas(): Entry[] {
  const bad = (name: string, bytes: Bytes) => invalid(name, bytes, decodeSchema);
  const list = (name: string, ...channels: [string, Notation][][]) =>
    bad(name, encodeCbor(channels.map((map) => ({ map }))));
  const name: [string, Notation] = ["name", "x"];
  const kind = (number: Notation): [string, Notation] => ["kind", number];
  const labels = (...texts: Notation[]): [string, Notation] => ["labels", texts];
  return [
    bad("nothing", []),
    bad("no channel", encodeCbor([])),
    bad("a map", encodeCbor({ map: [name, kind(1)] })),
    bad("a list of texts", encodeCbor(["x"])),
    bad("a byte too many", [...encodeSchema([ONE]), 0]),
    bad("more than 1,100 bytes", encodeSchema(longSchema())),
    bad("two channels of one name", encodeSchema([ONE, ONE])),
    list(
      "65 channels",
      ...Array.from({ length: 65 }, (_, index): [string, Notation][] => [
        ["name", `c${index}`],
        kind(2),
      ]),
    ),
    list("no name", [kind(1)]),
    list("an empty name", [["name", ""], kind(1)]),
    list("a name of 65 bytes", [["name", "x".repeat(65)], kind(1)]),
    list("a tab in a name", [["name", "a\tb"], kind(1)]),
    list("no kind", [name]),
    list("an unknown kind", [name, kind(9)]),
    list("a kind below 0", [name, kind(-1)]),
    list("a kind between two", [name, kind(1.5)]),
    list("a kind as text", [name, kind("1")]),
    list('the kind "length"', [name, kind("length")]),
    list("a unit that is a number", [name, kind(1), ["unit", 1]]),
    list("a unit that is null", [name, kind(1), ["unit", null]]),
    list("a number without a resolution", [name, kind(0)]),
    list("an integer with a resolution", [name, kind(1), ["resolution", 1]]),
    list("a resolution of 0", [name, kind(0), ["resolution", 0]]),
    list("a resolution below 0", [name, kind(0), ["resolution", -0.1]]),
    list("an endless resolution", [name, kind(0), ["resolution", { float: "Infinity" }]]),
    list("a resolution that is no number", [name, kind(0), ["resolution", { float: "NaN" }]]),
    list("an enumeration without labels", [name, kind(3)]),
    list("an enumeration of no labels", [name, kind(3), labels()]),
    list("a label twice", [name, kind(3), labels("on", "on")]),
    list("a label that is a number", [name, kind(3), labels("on", 1)]),
    list("65 labels", [name, kind(3), labels(...Array.from({ length: 65 }, (_, at) => `l${at}`))]),
    list("a text with labels", [name, kind(4), labels("on")]),
    bad("malformed CBOR", fromHex("81a1")),
  ];
}

function longSchema(): ChannelNotation[] {
  const long = "x".repeat(60);
  return Array.from({ length: 16 }, (_, at) => ({ name: `${long}${at}`, kind: "text", unit: "" }));
}
