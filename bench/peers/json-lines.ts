// What people write when they do without a broker: JSON lines over TCP into rows, and an
// acknowledgement of how many are on disk after every commit.

import { connect, createServer, type Socket } from "node:net";
import type { TaskContext } from "../host/task.ts";
import { readingsOf } from "./mqtt.ts";
import { type Row, RowStore } from "./rows.ts";

export interface LinesOptions {
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Lines that a sender has on their way, and in one write. */
const WINDOW = 2_000;
const LINES_PER_WRITE = 100;

/** Gives the rows a second. `tell`s its port. */
export async function runLinesCollector(
  times: LinesOptions,
  context: TaskContext,
): Promise<number> {
  const rows = await RowStore.open();
  const peers = new Set<LinesPeer>();
  rows.onCommit = () => {
    for (const peer of peers) peer.acknowledge();
  };
  const server = createServer((socket) => peers.add(new LinesPeer(socket, rows)));
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") context.tell(address.port);
  });
  const perSecond = await rows.rate(times);
  rows.close();
  return perSecond;
}

class LinesPeer {
  readonly #socket: Socket;
  #received = 0;
  #acknowledged = 0;
  #rest = "";

  constructor(socket: Socket, rows: RowStore) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop()!;
      for (const line of lines) {
        this.#received++;
        rows.add(JSON.parse(line) as Row);
      }
    });
  }

  /** All but the rows of the chunk that is being read right now, which the next commit tells. */
  acknowledge(): void {
    if (this.#received === this.#acknowledged) return;
    this.#acknowledged = this.#received;
    this.#socket.write(`{"ack":${this.#acknowledged}}\n`);
  }
}

/** Sends lines as fast as they are acknowledged, until it is ended. */
export function runLinesSenders({
  port,
  connections,
}: LinesOptions & { readonly port: number }): Promise<never> {
  for (let device = 0; device < connections; device++) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const next = readingsOf(device);
    let [sent, acknowledged] = [0, 0];
    const send = () => {
      for (; sent - acknowledged < WINDOW; sent += LINES_PER_WRITE) {
        socket.write(
          Array.from({ length: LINES_PER_WRITE }, () => `${JSON.stringify(next())}\n`).join(""),
        );
      }
    };
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const last = text.trimEnd().split("\n").at(-1)!;
      acknowledged = (JSON.parse(last) as { ack: number }).ack;
      send();
    });
    socket.once("connect", send);
    socket.on("error", () => undefined);
  }
  return new Promise(() => undefined);
}
