// Vectors of the seal, and of the two primitives under it with what NIST and the RFCs publish.

import type { Bytes } from "../numbers.ts";
import {
  computePrimitive,
  encodeAdmit,
  encodeDeny,
  encodeKnock,
  encodeSealed,
  type From,
  type Primitive,
  readSeal,
  type Secrets,
} from "../seals.ts";
import { type Entry, entry, invalid, repeat, type Table } from "./entry.ts";

const count = (from: number, many: number) =>
  Array.from({ length: many }, (_, index) => (from + index).toString(16).padStart(2, "0")).join("");

const CELLAR: Secrets = {
  key: count(0, 32),
  device: "cellar",
  deviceRandom: count(0x10, 16),
  hostRandom: count(0xa0, 16),
};
const LONG: Secrets = { ...CELLAR, device: "n".repeat(64) };
const OTHER: Secrets = { ...CELLAR, key: count(1, 32) };
const TOKEN = 0xdeadbeef;
const PING = "1307";

export function sealsTable(): Table {
  const of = (name: string, bytes: Bytes, secrets = CELLAR, from: From = "device"): Entry =>
    entry(name, bytes, (list) => readSeal(list, secrets, from), { from, ...secrets });
  const wrong = (name: string, bytes: Bytes | string): Entry =>
    invalid(name, bytes, (list) => readSeal(list, CELLAR, "device"), { from: "device", ...CELLAR });
  const knock = encodeKnock(CELLAR);
  const sealed = (from: From, counter: number, message: string) =>
    encodeSealed(CELLAR, from, TOKEN, counter, message);
  const first = sealed("device", 0, PING);
  return {
    about:
      "Messages of the seal (PROTOCOL 11). value: what they say to somebody with key, device, deviceRandom and hostRandom; from: who sealed.",
    vectors: [
      of("knock", knock),
      of("knock of a name of 64 bytes", encodeKnock(LONG), LONG),
      of("knock with another key", encodeKnock(OTHER)),
      of("admit", encodeAdmit(CELLAR, TOKEN)),
      of("admit under another key", encodeAdmit(OTHER, TOKEN)),
      of("sealed by the device, the first", first),
      of("sealed by the device, counter 300", sealed("device", 300, "12808004800203")),
      of("sealed by the device, the last counter", sealed("device", 0xffff_fffe, PING)),
      of("sealed by the host, the first", sealed("host", 0, PING), CELLAR, "host"),
      of("sealed by the device, said to be the host's", first, CELLAR, "host"),
      of("sealed, another counter in its head", [...first.slice(0, 5), 1, ...first.slice(6)]),
      of("sealed, another token in its head", [...first.slice(0, 4), 0, ...first.slice(5)]),
      of("sealed, the last bit of the tag", [...first.slice(0, -1), first.at(-1)! ^ 1]),
      of("deny: not admitted", encodeDeny("not-admitted", 0, CELLAR.deviceRandom)),
      of("deny: unknown association", encodeDeny("unknown-association", 0, "deadbeef")),
      of("deny: busy", encodeDeny("busy", 2_000, CELLAR.deviceRandom)),
      wrong("nothing", ""),
      wrong("knock without its last byte", knock.slice(0, -1)),
      wrong("knock with a byte too many", [...knock, 0]),
      wrong("knock of another version", [0x18, 2, ...knock.slice(2)]),
      wrong("knock without a name", [...knock.slice(0, 18), ...repeat(0, 81)]),
      wrong("knock of a name of 65 bytes", [...knock.slice(0, 18), 65, ...repeat(0x6e, 80)]),
      wrong("knock with something behind the name", [...knock.slice(0, 82), 1, ...knock.slice(83)]),
      wrong("admit without its last byte", encodeAdmit(CELLAR, TOKEN).slice(0, -1)),
      wrong("sealed with no message", first.slice(0, 22)),
      wrong("sealed, a counter with a needless byte", `1a deadbeef 80 00${"00".repeat(20)}`),
      wrong("sealed, a counter without an end", `1a deadbeef${"ff".repeat(20)}`),
      wrong("deny for a reason that there is not", "1c 01 03 00"),
      wrong("deny without a time", "1c 01 00"),
    ],
  };
}

/** Each with its published result: the twin must agree before it makes a vector of it. */
const PUBLISHED: readonly (readonly [string, Primitive, string])[] = [
  [
    "NIST GCM 13: nothing",
    { kind: "gcm", key: "00".repeat(32), nonce: "00".repeat(12), associated: "", plain: "" },
    "530f8afbc74536b9a963b4f1c4cb738b",
  ],
  [
    "NIST GCM 14: a block of zeros",
    {
      kind: "gcm",
      key: "00".repeat(32),
      nonce: "00".repeat(12),
      associated: "",
      plain: "00".repeat(16),
    },
    "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
  ],
  [
    "NIST GCM 16: 60 bytes and 20 beside them",
    {
      kind: "gcm",
      key: "feffe9928665731c6d6a8f9467308308".repeat(2),
      nonce: "cafebabefacedbaddecaf888",
      associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      plain:
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    },
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
  ],
  [
    "RFC 4231 4.2",
    { kind: "hmac", key: "0b".repeat(20), data: "4869205468657265" },
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    "RFC 4231 4.3",
    {
      kind: "hmac",
      key: "4a656665",
      data: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
    },
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    "RFC 5869 A.1",
    {
      kind: "hkdf",
      key: "0b".repeat(22),
      salt: count(0, 13),
      info: count(0xf0, 10),
      count: 42,
    },
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  ],
  [
    "RFC 5869 A.3: neither salt nor info",
    { kind: "hkdf", key: "0b".repeat(22), salt: "", info: "", count: 42 },
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  ],
];

export function cryptoTable(): Table {
  const own: [string, Primitive][] = [0, 1, 15, 16, 17, 1_150].map((length) => [
    `a message of ${length} bytes under a head of ${length % 9}`,
    {
      kind: "gcm",
      key: CELLAR.key,
      nonce: `01${"00".repeat(7)}000000${(length % 251).toString(16).padStart(2, "0")}`,
      associated: count(0x40, length % 9),
      plain: count(0, 256)
        .repeat(5)
        .slice(0, 2 * length),
    },
  ]);
  const rows = [
    ...PUBLISHED,
    ...own.map(([name, of]) => [name, of, computePrimitive(of)] as const),
  ];
  return {
    about:
      "AES-256-GCM (hex: ciphertext and tag), HMAC-SHA-256 and HKDF-SHA-256, for each implementation of shared/seal/crypto.ts.",
    vectors: rows.map(([name, of, expected]) => {
      const hex = computePrimitive(of);
      if (hex !== expected) throw new Error(`"${name}": the twin makes ${hex}`);
      return { name, hex, ...of };
    }),
  };
}
