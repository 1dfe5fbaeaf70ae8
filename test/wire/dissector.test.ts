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
