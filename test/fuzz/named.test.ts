// Inputs that an attacker tries first, each by its name. The fuzzer may come upon them; here they stay.

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { DeviceBoard } from "../../host/collector/device-board.ts";
import type { CollectorEvent } from "../../host/collector/events.ts";
import { describeEvent } from "../../host/collector/sentences.ts";
import { ReplaySensor } from "../../host/simulator/sensors/replay.ts";
import { loadSqlite } from "../../host/store/sqlite.ts";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { ByteReader, ByteWriter } from "../../shared/bytes/cursor.ts";
import { decodeUtf8 } from "../../shared/bytes/utf8.ts";
import { type Channel, decodeSchema, encodeSchema, schemaFault } from "../../shared/channel.ts";
import { decodeCobs } from "../../shared/frame/cobs.ts";
import { decodeDatagram } from "../../shared/frame/datagram.ts";
import { SerialDecoder } from "../../shared/frame/serial.ts";
import {
  STREAM_HEADER_BYTES,
  StreamDecoder,
  writeStreamHeader,
} from "../../shared/frame/stream.ts";
import { SCHEMAS_PER_EPOCH_MAX } from "../../shared/limits.ts";
import { type CborValue, decodeCbor, encodeCbor } from "../../shared/message/cbor.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import type { Hello } from "../../shared/message/message.ts";
import { HostSession } from "../../shared/session/host-session.ts";
import { isHarmless, jsonLines } from "../cli/support/lines.ts";
import { makeStore, TestDevice } from "../cli/support/test-store.ts";
import { encodedMessage, framesOf } from "../shared/notation.ts";
import { RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { CHANNELS } from "./messages.ts";
import { StoreInMemory } from "./stored.ts";

const SAFE_MAX = Number.MAX_SAFE_INTEGER;
const U32_MAX = 0xffff_ffff;
const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];

const HELLO: Hello = {
  kind: "hello",
  version: 1,
  nonce: 1,
  device: "named",
  epoch: "00112233445566ff",
  firmware: "1.0.0",
  reset: "power-on",
  uptimeMs: 0,
  life: 1,
  first: 0,
  next: 0,
  schemas: [],
  receiveBytesMax: 0,
};

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

/** A hello with one key of its map changed to `value`, in whatever CBOR that is. */
function helloWith(key: string, value: Uint8Array): Uint8Array {
  const body = decodeCbor(encodedMessage(HELLO).subarray(2)) as Map<string, CborValue>;
  const items = [...body].map(([name, item]) => {
    return Buffer.concat([encodeCbor(name), name === key ? value : encodeCbor(item)]);
  });
  return Uint8Array.from(Buffer.concat([Uint8Array.of(1, 1, 0xa0 + body.size), ...items]));
}

const folder = temporaryFolder();

describe("names that objects have already", () => {
  const db = join(folder, "names.db");
  const channels: readonly Channel[] = [
    ...NAMES.map((name): Channel => ({ name, kind: "integer", unit: name })),
    { name: "label", kind: "enumeration", unit: "", labels: NAMES },
    { name: "map", kind: "structured", unit: "" },
  ];
  const map = new Map<string, CborValue>(NAMES.map((name) => [name, new Map([["polluted", 1]])]));

  beforeAll(async () => {
    await makeStore(db, async (store) => {
      for (const [index, name] of NAMES.entries()) {
        const epoch = `00000000000000a${index}`;
        const device = await TestDevice.begin(store, { name, epoch, channels });
        device.setClock();
        device.batch([[1, 2, 3, 4, 5, 0, map]]);
      }
    });
  });

  test.each(NAMES)(
    "a device called %s is listed and its readings have all their names",
    async (name) => {
      const { stdout, status } = await runSenda("query", name, "--json", "--db", db);
      expect(status).toBe(0);
      const [row] = jsonLines(stdout) as [{ device: string; values: Record<string, unknown> }];
      expect(row.device).toBe(name);
      expect(Object.keys(row.values)).toEqual([...NAMES, "label", "map"]);
      expect(Object.entries(row.values)[0]).toEqual(["__proto__", 1]);
      expect(Object.keys(Object.entries(row.values).at(-1)![1] as object)).toEqual(NAMES);
      const people = await runSenda("query", name, "--db", db);
      expect(people.stdout).toContain(`__proto__ (__proto__)`);
    },
  );

  test("lists, status, export and verify take them as any other", async () => {
    const devices = await runSenda("devices", "--json", "--db", db);
    expect(jsonLines(devices.stdout).map(({ name }) => name)).toEqual([...NAMES].sort());
    for (const command of ["status", "verify"]) {
      const { stdout, stderr } = await runSenda(command, "--json", "--db", db);
      expect({ stderr, count: jsonLines(stdout).length }).toEqual({ stderr: "", count: 1 });
    }
    const { stdout } = await runSenda("export", "--db", db);
    for (const name of NAMES) expect(stdout).toContain(`,${name},${name},`);
  });

  test("there is no command of such a name", async () => {
    for (const name of NAMES) {
      const { status, stderr } = await runSenda(name);
      expect(status).toBe(2);
      expect(stderr).toContain(`unknown command '${name}'`);
    }
  });

  test("the table of what is happening has them as values of its own", () => {
    const board = new DeviceBoard();
    const options = { reset: "", epochId: 1, next: 0, schemas: [], epoch: HELLO.epoch };
    board.handleSession(new HostSession({ device: "__proto__", ...options }), 0);
    const polluted = Object.fromEntries(NAMES.map((name) => [name, { polluted: true }]));
    const latest = [{ epochId: 1, device: "__proto__", lastMs: 0, values: polluted }];
    const none = { stored: [], refused: [], batches: 0, readings: 0, gaps: 0, duplicates: 0 };
    board.handleCommit({ ...none, latest }, () => undefined);
    const [view] = board.views(1);
    expect(Object.keys(view!.values)).toEqual(NAMES);
    expect(JSON.parse(JSON.stringify(view!.values))).toEqual(polluted);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("deep nesting and huge counts", () => {
  test.each([
    ["arrays", "81"],
    ["maps", "a16161"],
    ["arrays in maps", "a1616181"],
  ])("65,000 bytes of %s in one another are refused", (_, unit) => {
    const bytes = fromHex(unit.repeat(Math.floor(65_000 / (unit.length / 2))));
    expect(decodeCbor(bytes)).toBeUndefined();
    expect(decodeMessage(Uint8Array.of(1, 1, ...bytes)).ok).toBe(false);
  });

  test.each(["5b", "7b", "9b", "bb"])(
    "2^53 - 1 items of %s are refused, none being there",
    (head) => {
      expect(decodeCbor(fromHex(`${head} 001fffffffffffff`))).toBeUndefined();
      expect(decodeCbor(fromHex(`${head} ffffffffffffffff`))).toBeUndefined();
    },
  );

  test("a stream that announces 2^32 - 1 bytes is broken at once", () => {
    expect(framesOf(new StreamDecoder(), fromHex("ffffffff"))).toEqual([{ broken: "too-long" }]);
  });

  test("a batch that claims 65,535 rows is refused before room is made for them", () => {
    const columns = new BatchColumns();
    const bytes = fromHex("02 ffff 00 00 00 00 00 00 00 00 00 00");
    expect(decodeBatch(bytes, CHANNELS, columns)).toBe(false);
    expect(columns.timesMs.length).toBeLessThanOrEqual(4_096);
  });

  test("a device that announces schemas without end leaves no more than an epoch may have", () => {
    const session = new HostSession({ ...HELLO, epochId: 1, schemas: [] });
    for (let number = 0; number < 100_000; number++) session.announceSchemas([{ number, hash: 1 }]);
    expect(session.announcedHash(SCHEMAS_PER_EPOCH_MAX - 1)).toBe(1);
    expect(session.announcedHash(SCHEMAS_PER_EPOCH_MAX)).toBeUndefined();
  });
});

describe("texts and numbers that are none", () => {
  const MALFORMED = [
    "80",
    "c0af",
    "c1bf",
    "e08080",
    "eda080",
    "edbfbf",
    "f08080af",
    "f4908080",
    "f5808080",
    "ff",
    "c3",
    "e282",
  ];

  test.each(MALFORMED)("the UTF-8 %s is refused in every text of a hello", (hex) => {
    const bytes = fromHex(hex);
    expect(decodeUtf8(bytes)).toBeUndefined();
    const text = Uint8Array.of(0x60 + bytes.length, ...bytes);
    for (const key of ["device", "firmware", "reset"]) {
      expect(decodeMessage(helloWith(key, text))).toEqual({ ok: false, code: "malformed" });
    }
  });

  const NUMBERS = ["nonce", "uptime", "first", "next", "receive"];
  const NONE = {
    NaN: "fa7fc00000",
    Infinity: "fa7f800000",
    "-Infinity": "fbfff0000000000000",
    "0.5": "fa3f000000",
    "-1": "20",
    "2^53": "fb4340000000000000",
    "2^1023": "fb7fe0000000000000",
  };

  test.each(Object.entries(NONE))("%s is no number of a hello", (_, hex) => {
    for (const key of NUMBERS) {
      expect(decodeMessage(helloWith(key, fromHex(hex)))).toEqual({ ok: false, code: "malformed" });
    }
    const pair = fromHex(`81 82 00 ${hex}`);
    expect(decodeMessage(helloWith("schemas", pair)).ok).toBe(false);
  });
});

describe("integers at their limits", () => {
  test("varints end at 2^53 - 1", () => {
    const writer = new ByteWriter(new Uint8Array(8));
    writer.writeVarint(SAFE_MAX);
    expect(new ByteReader(writer.written()).readVarint()).toBe(SAFE_MAX);
    const beyond = new ByteReader(fromHex("80 80 80 80 80 80 80 10"));
    expect([beyond.readVarint(), beyond.failed]).toEqual([0, true]);
  });

  test("sequence numbers end at 2^32 - 1", () => {
    const isTaken = (message: Parameters<typeof encodedMessage>[0]) =>
      decodeMessage(encodedMessage(message)).ok;
    const body = new Uint8Array(1);
    const bitmap = new Uint8Array(0);
    const gap = {
      kind: "gap",
      readings: SAFE_MAX,
      firstMs: SAFE_MAX,
      lastMs: SAFE_MAX,
      reason: "oversize",
    } as const;
    expect(isTaken({ kind: "batch", sequence: U32_MAX - 1, body })).toBe(true);
    expect(isTaken({ kind: "batch", sequence: U32_MAX, body })).toBe(false);
    expect(isTaken({ kind: "ack", next: U32_MAX, window: 256, bitmap })).toBe(true);
    expect(isTaken({ kind: "ack", next: U32_MAX + 1, window: 256, bitmap })).toBe(false);
    expect(isTaken({ kind: "ack", next: 0, window: 257, bitmap })).toBe(false);
    expect(isTaken({ ...gap, sequence: 0, count: U32_MAX })).toBe(true);
    expect(isTaken({ ...gap, sequence: 1, count: U32_MAX })).toBe(false);
    expect(isTaken({ ...gap, sequence: SAFE_MAX, count: SAFE_MAX })).toBe(false);
    expect(isTaken({ ...HELLO, uptimeMs: SAFE_MAX, first: U32_MAX, next: U32_MAX })).toBe(true);
  });

  test("the store keeps a whole epoch of gaps with the largest numbers there are, and shows them", async () => {
    const store = new StoreInMemory(await loadSqlite());
    store.resume(HELLO, 1).then(
      ({ epochId }) => {
        const facts = {
          kind: "gap",
          firstMs: SAFE_MAX,
          lastMs: SAFE_MAX,
          reason: "oversize",
        } as const;
        const meta = { link: "tcp", receivedUs: 1 } as const;
        store.append(epochId, { ...facts, sequence: 0, count: 1, readings: SAFE_MAX }, meta);
        store.append(
          epochId,
          { ...facts, sequence: 1, count: U32_MAX - 1, readings: SAFE_MAX },
          meta,
        );
        store.putClock(epochId, { deviceMs: SAFE_MAX, utcUs: 1e15, uncertaintyUs: 1_000 });
        store.putClock(epochId, { deviceMs: 0, utcUs: 1e15, uncertaintyUs: SAFE_MAX });
      },
      () => expect.fail("the store has room"),
    );
    store.commit(0);
    store.commit(0);
    store.check();
    store.close();
  });
});

describe("nothing at all", () => {
  const NOTHING = new Uint8Array(0);

  test("in every decoder", () => {
    expect(decodeMessage(NOTHING)).toEqual({ ok: false, code: "malformed" });
    expect(decodeCbor(NOTHING)).toBeUndefined();
    expect(decodeSchema(NOTHING)).toBeUndefined();
    expect(decodeBatch(NOTHING, CHANNELS, new BatchColumns())).toBe(false);
    expect(decodeUtf8(NOTHING)).toBe("");
    expect(decodeCobs(NOTHING, 0)).toBe(0);
    expect(decodeDatagram(NOTHING)).toEqual({ kind: "noise", reason: "too-short", dropped: 0 });
    expect(framesOf(new SerialDecoder(), new Uint8Array(1_000))).toEqual([]);
    expect(framesOf(new StreamDecoder(), new Uint8Array(8))).toEqual([
      { message: "" },
      { message: "" },
    ]);
  });

  test("as a name, and as a list of channels or labels", () => {
    const isRefused = (channels: readonly Channel[]) => schemaFault(channels) !== undefined;
    expect(isRefused([])).toBe(true);
    expect(isRefused([{ name: "", kind: "text", unit: "" }])).toBe(true);
    expect(isRefused([{ name: "a", kind: "enumeration", unit: "", labels: [] }])).toBe(true);
    expect(decodeMessage(helloWith("device", encodeCbor(""))).ok).toBe(false);
  });
});

describe("schemas at their limits", () => {
  const channelsOf = (count: number, name: (index: number) => string): Channel[] =>
    Array.from({ length: count }, (_, index) => ({ name: name(index), kind: "text", unit: "" }));

  test("64 channels are taken, 65 are not", () => {
    expect(decodeSchema(encodeSchema(channelsOf(64, String)))).toHaveLength(64);
    expect(() => encodeSchema(channelsOf(65, String))).toThrow("more than 64");
  });

  test("64 channels with the longest names make no schema, and are told so", () => {
    const longest = channelsOf(64, (index) => String(index).padStart(64, "x"));
    expect(schemaFault(longest)).toBeUndefined();
    expect(() => encodeSchema(longest)).toThrow("1100 is the most");
    expect(decodeSchema(encodeSchema(longest.slice(0, 10)))).toEqual(longest.slice(0, 10));
    expect(() => encodeSchema(channelsOf(1, () => "x".repeat(65)))).toThrow("not a name");
  });

  test("a name that begins with a byte order mark is none: no host would take its schema", () => {
    expect(() => encodeSchema(channelsOf(1, () => "\ufefftime"))).toThrow("not a name");
  });
});

describe("recordings that make no device", () => {
  const recording = (text: string): string => {
    const path = join(folder, "recording.csv");
    writeFileSync(path, text);
    return path;
  };

  test("two columns of one name", () => {
    expect(() => new ReplaySensor(recording("a,a\n1,2\n"))).toThrow("two have the same name");
  });

  test("names too long for a schema", () => {
    const header = Array.from({ length: 40 }, (_, index) => `${"x".repeat(50)}${index}`);
    expect(() => new ReplaySensor(recording(`${header}\n${header.map(() => 1)}\n`))).toThrow(
      "is the most",
    );
  });

  test("but one of 300,000 rows makes one", () => {
    const sensor = new ReplaySensor(recording(`a\n${"1.5\n".repeat(300_000)}`));
    expect(sensor.channels).toEqual([{ name: "a", kind: "number", unit: "", resolution: 0.1 }]);
  });
});

describe("text that steers a terminal", () => {
  const STEERING = "\x1b]0;owned\x07\x9b31m\u202etxt\r\n\u2028";

  test("is written out in whatever a collector tells", () => {
    const device = STEERING;
    const told: CollectorEvent[] = [
      { event: "connected", device, epoch: HELLO.epoch, link: "tcp", where: "here" },
      { event: "disconnected", device, link: "tcp", where: "here", why: STEERING },
      { event: "restarted", device, reset: STEERING, lostRecords: 1 },
      { event: "refused", where: "here", why: STEERING },
      { event: "console", where: "here", text: `a${STEERING}b` },
      { event: "gap", device, readings: 1, reason: "oversize" },
      { event: "kept-aside", device, why: STEERING },
    ];
    for (const event of told) expect(isHarmless(`${describeEvent(event)}\n`)).toBe(true);
  });

  test("is written out where a simulated device tells why it was refused", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.write(refusalWith(STEERING));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const connected = once(server, "connection") as Promise<[Socket]>;
    const running = new RunningSenda("simulate", "--port", String(port), "--verbose", "--json");
    const [socket] = await connected;
    await once(socket.resume(), "close"); // the device has read it, told of it, and left
    await running.stop();
    server.close();
    expect(running.stderr).toContain("\\x1b]0;owned\\x07");
    expect(isHarmless(running.stderr)).toBe(true);
  });
});

function refusalWith(detail: string): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(600), STREAM_HEADER_BYTES);
  encodeMessage({ kind: "refuse", version: 1, code: "unexpected", detail }, writer);
  writeStreamHeader(writer.bytes, 0, writer.position - STREAM_HEADER_BYTES);
  return writer.written();
}
