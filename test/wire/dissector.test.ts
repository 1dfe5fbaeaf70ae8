// docs/wire/senda.lua, run by tshark: on what a collector and its devices really say to each other,
// and on every vector.

import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeDatagram } from "../reference/frames.ts";
import { fromHex } from "../reference/numbers.ts";
import { allTables } from "../reference/tables/all.ts";
import { describeWith } from "../support/needs.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { Capture, dissectDatagrams, hasTshark, type Packet } from "./tshark.ts";

const folder = temporaryFolder();
const SAMPLES = 500;

const FIELDS = ["senda.message", "senda.device", "senda.sequence", "senda.batch.rows"];
const FAULTS = ["senda.malformed", "senda.checksum.wrong"];

const SEALED_FIELDS = [
  "senda.message",
  "senda.device",
  "senda.seal.token",
  "senda.seal.counter",
  "senda.seal.length",
];

/** hello, welcome, schema, a batch, an acknowledgement and bye. */
const SEALED_MIN = 6;

const TOKEN = [1, 2, 3, 4];

function datagramOf(hex: string): Uint8Array {
  return Uint8Array.from(encodeDatagram([...TOKEN, ...fromHex(hex)]));
}

/** All values of one field, in the order of the packets. */
function valuesOf(packets: readonly Packet[], field: string): string[] {
  return packets.flatMap((packet) => packet[field]!.split(",")).filter((value) => value !== "");
}

describeWith("tshark", hasTshark, "the Wireshark dissector", () => {
  test.each(["tcp", "udp"] as const)("shows what a device says over %s", async (via) => {
    const args = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--json"];
    const collector = new RunningSenda("collect", "--db", join(folder, `${via}.db`), ...args);
    const port = portOf((await collector.event("listening"))[via]);
    const capture = await Capture.start([port], [...FIELDS, ...FAULTS]);
    const to = ["--via", via, "--port", port, "--samples", `${SAMPLES}`];
    expect((await runSenda("simulate", ...to)).status).toBe(0);
    await capture.until((packets) => valuesOf(packets, "senda.message").includes("bye"));
    await capture.stop();
    await collector.stop();

    const { packets } = capture;
    const messages = valuesOf(packets, "senda.message");
    expect(messages.slice(0, 2)).toEqual(["hello", "welcome"]);
    expect(messages).toEqual(expect.arrayContaining(["schema", "batch", "ack", "ping", "pong"]));
    expect(valuesOf(packets, "senda.device")[0]).toBe("sim-1");
    const rows = valuesOf(packets, "senda.batch.rows").map(Number);
    expect(rows.reduce((sum, each) => sum + each, 0)).toBe(SAMPLES);
    expect(valuesOf(packets, "senda.sequence")).toEqual(rows.map((_, index) => `${index}`));
    for (const fault of FAULTS) expect(valuesOf(packets, fault)).toEqual([]);
  });

  test.each(["tcp", "udp"] as const)("shows what is sealed over %s as sealed", async (via) => {
    const keys = join(folder, `${via}.keys`);
    expect((await runSenda("key", "add", "sim-1", "--keys", keys)).status).toBe(0);
    const args = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--keys", keys, "--json"];
    const collector = new RunningSenda(
      "collect",
      "--db",
      join(folder, `${via}-sealed.db`),
      ...args,
    );
    const port = portOf((await collector.event("listening"))[via]);
    const capture = await Capture.start([port], [...SEALED_FIELDS, ...FAULTS]);
    const to = ["--via", via, "--port", port, "--samples", `${SAMPLES}`, "--keys", keys];
    expect((await runSenda("simulate", ...to)).status).toBe(0);
    await capture.until((packets) => valuesOf(packets, "senda.seal.counter").length >= SEALED_MIN);
    await collector.stop();
    await capture.stop();

    const { packets } = capture;
    const messages = valuesOf(packets, "senda.message");
    expect(messages.slice(0, 3)).toEqual(["knock", "admit", "sealed"]);
    expect(new Set(messages.slice(2))).toEqual(new Set(["sealed"]));
    expect(valuesOf(packets, "senda.device")).toEqual(["sim-1"]); // of the knock
    const sealed = messages.length - 2;
    expect(new Set(valuesOf(packets, "senda.seal.token")).size).toBe(1);
    expect(valuesOf(packets, "senda.seal.counter")).toHaveLength(sealed);
    expect(
      valuesOf(packets, "senda.seal.length")
        .map(Number)
        .every((each) => each > 0),
    ).toBe(true);
    for (const fault of FAULTS) expect(valuesOf(packets, fault)).toEqual([]);
  });

  test("reads every message of the seal, with no token before it", async () => {
    const vectors = allTables().seals!.vectors.filter(({ value }) => value !== undefined);
    const datagrams = vectors.map(({ hex }) => Uint8Array.from(encodeDatagram(fromHex(hex))));
    const path = join(folder, "seals.pcap");
    const fields = ["senda.message", "senda.token", ...FAULTS];
    const { packets, complaints } = await dissectDatagrams(path, datagrams, fields);
    expect(complaints).toBe("");
    const kinds = { 24: "knock", 25: "admit", 26: "sealed", 28: "deny" };
    for (const [index, { name, hex }] of vectors.entries()) {
      const kind = kinds[fromHex(hex)[0] as keyof typeof kinds];
      const shown = { "senda.message": kind, "senda.token": "" };
      expect(packets[index], name).toMatchObject({ ...shown, "senda.malformed": "" });
    }
  });

  test("reads every vector", async () => {
    const vectors = allTables().messages!.vectors;
    const datagrams = vectors.map(({ hex }) => datagramOf(hex));
    const { packets, complaints } = await dissectDatagrams(
      join(folder, "vectors.pcap"),
      datagrams,
      [...FIELDS, ...FAULTS],
    );
    expect(complaints).toBe("");
    const valid = vectors.flatMap(({ name, value }, index) =>
      value === undefined ? [] : [{ name, value: value as Packet, packet: packets[index]! }],
    );
    for (const { name, value, packet } of valid) {
      expect(packet["senda.message"], name).toBe(value.kind);
      const hasBodyOfItsOwn = ["batch", "schema"].includes(value.kind!); // any bytes, in these vectors
      if (!hasBodyOfItsOwn) expect(packet["senda.malformed"], name).toBe("");
    }
  });

  test("tells damaged datagrams by their checksum", async () => {
    const whole = datagramOf("1307");
    const damaged = whole.map((byte, index) => (index === 5 ? byte ^ 1 : byte));
    const path = join(folder, "damaged.pcap");
    const { packets } = await dissectDatagrams(path, [whole, damaged], FAULTS);
    expect(packets.map((packet) => packet["senda.checksum.wrong"] !== "")).toEqual([false, true]);
  });
});
