// Devices that have nothing to send: connected, welcome, and asking now and then whether the
// collector is there, as real ones do.

import { makeTemplates } from "../batches.ts";
import type { TaskContext } from "../task.ts";
import { encoded, LoadDevice } from "./device.ts";
import { sleep } from "./run.ts";
import { TcpCarrier, type TcpTarget } from "./tcp.ts";

export interface FleetOptions {
  readonly target: TcpTarget;
  readonly devices: number;
  readonly idleMs: number;
}

/** A little below what a collector admits by default. */
const HELLOS_PER_SECOND = 450;

/** When a real device asks: 0.4 of the 5 s after which it gives a silent link up. */
const PING_PERIOD_MS = 2_000;

/** An address has 28,000 ports, which stay taken for a minute after their connection. */
const LOCAL_ADDRESSES = process.platform === "linux" ? 4 : 1;

/** Turns in which the pings of a period go out. */
const PING_TURNS = 100;

/** `context` hears the beginning once all are welcome, and the end `idleMs` later. */
export async function runFleet(options: FleetOptions, context: TaskContext): Promise<number> {
  const templates = makeTemplates(5);
  const carriers: TcpCarrier[] = [];
  let turn = 0;
  setInterval(() => {
    turn++;
    for (let index = turn % PING_TURNS; index < carriers.length; index += PING_TURNS) {
      carriers[index]!.send(encoded({ kind: "ping", id: turn }));
    }
  }, PING_PERIOD_MS / PING_TURNS).unref();
  const startMs = performance.now();
  for (let index = 0; index < options.devices; index++) {
    const dueMs = startMs + (index * 1_000) / HELLOS_PER_SECOND;
    if (performance.now() < dueMs) await sleep(dueMs - performance.now());
    const device = new LoadDevice(`idle-${index}`, templates);
    const localAddress = `127.0.0.${1 + (index % LOCAL_ADDRESSES)}`;
    carriers.push(await TcpCarrier.open(device, { ...options.target, localAddress }));
  }
  while (!carriers.every(({ device }) => device.isWelcome)) await sleep(10);
  context.mark("begin");
  await sleep(options.idleMs);
  context.mark("end");
  return carriers.length;
}
