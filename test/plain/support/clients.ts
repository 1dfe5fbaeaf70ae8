// Clients of the tests' own, to the wire formats of the teaching material.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "vitest";
import { jsonLines } from "../../cli/support/lines.ts";
import { RunningSenda, runSenda } from "../../support/senda.ts";

/** A client that collects what comes back. */
export class TcpClient {
  received = Buffer.alloc(0);
  hasEnded = false;
  readonly socket: Socket;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake();
    });
    socket.on("close", () => {
      this.hasEnded = true;
      this.#wake();
    });
  }

  static async connect(
    port: number,
    host = "127.0.0.1",
    localAddress?: string,
  ): Promise<TcpClient> {
    const socket = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) });
    const client = new TcpClient(socket);
    await once(socket, "connect");
    return client;
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** So many bytes of what comes back. Rejects where it ends before. */
  async receive(count: number): Promise<Buffer> {
    while (this.received.length < count) {
      if (this.hasEnded) throw new Error(`it ended after ${this.received.toString("latin1")}`);
      await this.#news();
    }
    const taken = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return taken;
  }

  async ended(): Promise<Buffer> {
    while (!this.hasEnded) await this.#news();
    return this.received;
  }

  async close(): Promise<void> {
    this.socket.end();
    await this.ended();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Sends a datagram and gives the answer. */
export async function askUdp(
  port: number,
  datagram: Uint8Array | string,
  host = "127.0.0.1",
): Promise<Buffer> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.send(datagram, port, host);
  const [answer] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return answer;
}

/** Sends a datagram from an address of this computer; nobody waits for an answer. */
export async function tellUdp(port: number, datagram: Uint8Array | string, from = "127.0.0.1") {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  await new Promise((resolve) => socket.send(datagram, port, "127.0.0.1", resolve));
  socket.close();
}

export function length4(payload: Uint8Array | string): Buffer {
  const bytes = Buffer.from(payload as string);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

/** The answer in a length4 frame. */
export async function receiveLength4(client: TcpClient): Promise<string> {
  const head = await client.receive(4);
  return (await client.receive(head.readUInt32BE())).toString("utf8");
}

/** A collector with plain inputs only. */
export class PlainCollector {
  readonly db: string;
  readonly senda: RunningSenda;
  ports: number[] = [];

  private constructor(db: string, inputs: readonly string[]) {
    this.db = db;
    const plain = inputs.flatMap((input) => ["--plain", input]);
    const off = ["--tcp", "off", "--udp", "off", "--json"];
    this.senda = new RunningSenda("collect", "--db", db, ...off, ...plain);
  }

  static async start(db: string, ...inputs: readonly string[]): Promise<PlainCollector> {
    const collector = new PlainCollector(db, inputs);
    const { plain } = await collector.senda.event("listening");
    collector.ports = (plain as string[]).map((where) => Number(where.replace(/^.*:/, "")));
    return collector;
  }

  /** Stops it, and gives the counters of its inputs. What it stored is sound. */
  async stop(): Promise<Record<string, number>[]> {
    expect(await this.senda.stop()).toBe(0);
    const { plain } = await this.senda.event("stopped");
    const { status, stdout, stderr } = await runSenda("verify", "--db", this.db, "--json");
    expect(stderr).toBe("");
    expect(status, stdout).toBe(0);
    return plain as Record<string, number>[];
  }

  /** Rows of a device, by time, each as an object of its values. */
  async rows(device: string): Promise<Record<string, unknown>[]> {
    const { stdout, stderr } = await runSenda("query", device, "--db", this.db, "--json");
    expect(stderr).toBe("");
    return jsonLines(stdout);
  }
}
