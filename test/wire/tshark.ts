// tshark with our dissector: over a capture that goes on, and over datagrams that a test makes up.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const DISSECTOR = fileURLToPath(new URL("../../docs/wire/senda.lua", import.meta.url));

/** Whether there is a tshark that knows Lua. */
export const hasTshark = spawnSync("tshark", ["--version"], { encoding: "utf8" }).stdout?.includes(
  "with Lua",
);

const PROBE_PERIOD_MS = 50;

/** One packet: the values of the fields that were asked for, by name; several are joined by commas. */
export type Packet = Readonly<Record<string, string>>;

function dissecting(fields: readonly string[], ports: readonly string[]): string[] {
  const decodeAs = ports.flatMap((port) => [
    ...["-d", `tcp.port==${port},senda`],
    ...["-d", `udp.port==${port},senda`],
  ]);
  const columns = fields.flatMap((field) => ["-e", field]);
  const format = ["-T", "fields", "-E", "separator=/t", ...columns];
  return ["-X", `lua_script:${DISSECTOR}`, ...decodeAs, ...format];
}

function packetOf(line: string, fields: readonly string[]): Packet {
  const values = line.split("\t");
  return Object.fromEntries(fields.map((field, index) => [field, values[index] ?? ""]));
}

/** What loopback carries to and from some ports, from the moment at which `start` resolves. */
export class Capture {
  readonly packets: Packet[] = [];
  #complaint = "";
  #isRunning = false;
  #wake: () => void = () => undefined;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, fields: readonly string[], probePort: string) {
    this.#child = child;
    child.stderr!.on("data", (text) => {
      this.#complaint += text;
    });
    createInterface(child.stdout!).on("line", (line) => {
      const packet = packetOf(line, fields);
      const isProbe = packet["udp.dstport"] === probePort;
      if (!isProbe) this.packets.push(packet);
      this.#isRunning ||= isProbe;
      this.#wake();
    });
  }

  /** tshark says that it captures before it does: a probe that it shows is what proves it. */
  static async start(ports: readonly string[], fields: readonly string[]): Promise<Capture> {
    const probe = createSocket("udp4");
    probe.bind(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address();
    const filter = [...ports, port].map((each) => `port ${each}`).join(" or ");
    const columns = [...fields, "udp.dstport"];
    const args = ["-l", "-i", "lo", "-f", filter, ...dissecting(columns, ports)];
    const child = spawn("tshark", args, { stdio: ["ignore", "pipe", "pipe"] });
    const capture = new Capture(child, columns, String(port));
    const timer = setInterval(() => {
      if (!capture.#isRunning) probe.send(Buffer.alloc(9), port, "127.0.0.1");
    }, PROBE_PERIOD_MS);
    try {
      await capture.#until(() => capture.#isRunning);
      return capture;
    } finally {
      clearInterval(timer);
      probe.close();
    }
  }

  /** Resolves once the packets are as they should be. Rejects where tshark ends before. */
  async until(isAll: (packets: readonly Packet[]) => boolean): Promise<void> {
    await this.#until(() => isAll(this.packets));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill("SIGINT");
    await once(this.#child, "close");
  }

  async #until(isReached: () => boolean): Promise<void> {
    this.#child.once("exit", () => this.#wake());
    while (!isReached()) {
      if (this.#child.exitCode !== null) throw new Error(`tshark ended: ${this.#complaint}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export interface Dissected {
  readonly packets: readonly Packet[];
  /** What tshark, or Lua in it, complained of. */
  readonly complaints: string;
}

/** What the dissector makes of datagrams to Senda's port. The capture file is written to `path`. */
export async function dissectDatagrams(
  path: string,
  datagrams: readonly Uint8Array[],
  fields: readonly string[],
): Promise<Dissected> {
  writeFileSync(path, captureFileOf(datagrams));
  const args = ["-r", path, ...dissecting(fields, [])];
  const { stdout, stderr } = await promisify(execFile)("tshark", args, {
    maxBuffer: 16 * 1024 * 1024,
  });
  const lines = stdout.split("\n").slice(0, -1);
  return {
    packets: lines.map((line) => packetOf(line, fields)),
    complaints: stderr.replace(/^Running as user .*\n/m, ""),
  };
}

const LINKTYPE_RAW = 101; // packets that begin with their IP header

/** A pcap file (draft-ietf-opsawg-pcap 4): its head, then each packet with a head of its own. */
function captureFileOf(datagrams: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32BE(0xa1b2c3d4);
  head.writeUInt16BE(2, 4);
  head.writeUInt16BE(4, 6);
  head.writeUInt32BE(0xffff, 16);
  head.writeUInt32BE(LINKTYPE_RAW, 20);
  return Buffer.concat([head, ...datagrams.flatMap(packetWithHead)]);
}

function packetWithHead(datagram: Uint8Array): Buffer[] {
  const [ip, udp, head] = [Buffer.alloc(20), Buffer.alloc(8), Buffer.alloc(16)];
  const bytes = ip.length + udp.length + datagram.length;
  ip.writeUInt8(0x45);
  ip.writeUInt16BE(bytes, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(17, 9); // UDP
  ip.writeUInt32BE(0x7f000001, 12);
  ip.writeUInt32BE(0x7f000001, 16);
  udp.writeUInt16BE(40_000);
  udp.writeUInt16BE(7_363, 2);
  udp.writeUInt16BE(udp.length + datagram.length, 4);
  head.writeUInt32BE(bytes, 8);
  head.writeUInt32BE(bytes, 12);
  return [head, ip, udp, Buffer.from(datagram)];
}
