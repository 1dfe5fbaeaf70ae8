// The load itself, in a process of its own: opens devices, drives them, and measures at the devices'
// end, where a batch counts once its acknowledgement has come.

import { quantile } from "../../figure.ts";
import { makeTemplates } from "../batches.ts";
import type { TaskContext } from "../task.ts";
import type { Carrier } from "./carrier.ts";
import { LoadDevice } from "./device.ts";
import { SealedTcpCarrier } from "./sealed-tcp.ts";
import { SerialCarrier } from "./serial.ts";
import { TcpCarrier, type TcpTarget } from "./tcp.ts";
import { UdpCarrier } from "./udp.ts";

export type LoadTarget =
  | ({ readonly kind: "tcp" | "udp" } & TcpTarget)
  | ({ readonly kind: "sealed"; readonly key: string } & TcpTarget)
  | { readonly kind: "serial"; readonly path: string };

export interface LoadOptions {
  readonly target: LoadTarget;
  readonly connections: number;
  /** Values in each batch. */
  readonly readings: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Batches a second of all devices together, whether they are acknowledged or not; without it as many as go. */
  readonly batchesPerSecond?: number;
}

export interface LoadResult {
  readonly batchesPerSecond: number;
  /** From when a batch was due to its acknowledgement; only of a load at a given rate. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Mean length of a batch. */
  readonly batchBytes: number;
}

/** Runs one load; `context` hears when the measurement begins and ends. */
export async function runLoad(options: LoadOptions, context: TaskContext): Promise<LoadResult> {
  const templates = makeTemplates(options.readings);
  const names = Array.from({ length: options.connections }, (_, index) => `bench-${index}`);
  const carriers = await Promise.all(
    names.map((name) => openCarrier(name, new LoadDevice(name, templates), options.target)),
  );
  const load = options.batchesPerSecond === undefined ? sendAll : sendAtRate;
  const latencies = load(carriers, options.batchesPerSecond ?? 0);
  await sleep(options.warmUpMs);
  const acknowledged = () => carriers.reduce((sum, { device }) => sum + device.acknowledged, 0);
  context.mark("begin");
  latencies.length = 0;
  const [startMs, before] = [performance.now(), acknowledged()];
  await sleep(options.measureMs);
  const batches = acknowledged() - before;
  const seconds = (performance.now() - startMs) / 1_000;
  const sorted = new Float64Array(latencies).sort();
  context.mark("end");
  for (const carrier of carriers) carrier.close();
  return {
    batchesPerSecond: batches / seconds,
    latencyMs: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) },
    batchBytes: templates.bytes,
  };
}

function openCarrier(name: string, device: LoadDevice, target: LoadTarget): Promise<Carrier> {
  if (target.kind === "sealed") return SealedTcpCarrier.open(device, name, target);
  if (target.kind === "serial") return SerialCarrier.open(device, target.path);
  return target.kind === "tcp" ? TcpCarrier.open(device, target) : UdpCarrier.open(device, target);
}

export function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Closed loop: every device sends whatever its window allows. */
function sendAll(carriers: readonly Carrier[]): number[] {
  for (const carrier of carriers) {
    carrier.onProgress = () => {
      const { room } = carrier.device;
      if (room > 0 && carrier.isReady) carrier.sendBatches(room);
    };
  }
  return [];
}

/** Open loop: batches are due at their times, and wait at the device where its window is full. */
function sendAtRate(carriers: readonly Carrier[], batchesPerSecond: number): number[] {
  const latencies: number[] = [];
  const pacers = carriers.map((carrier) => new Pacer(carrier, latencies));
  const startMs = performance.now();
  let due = 0;
  const tick = () => {
    const nowMs = performance.now();
    const target = ((nowMs - startMs) / 1_000) * batchesPerSecond;
    for (; due < target; due++) pacers[due % pacers.length]!.add(nowMs);
    for (const pacer of pacers) pacer.send();
  };
  setInterval(tick, 1).unref();
  return latencies;
}

class Pacer {
  readonly #carrier: Carrier;
  /** When each batch was due that is not acknowledged, from `#first` on. */
  #dueMs: number[] = [];
  #first = 0;

  constructor(carrier: Carrier, latencies: number[]) {
    this.#carrier = carrier;
    carrier.device.onAck = (acknowledged) => {
      const nowMs = performance.now();
      const count = acknowledged - this.#first;
      for (let index = 0; index < count; index++) latencies.push(nowMs - this.#dueMs[index]!);
      this.#dueMs = this.#dueMs.slice(count);
      this.#first = acknowledged;
    };
    carrier.onProgress = () => this.send();
  }

  add(dueMs: number): void {
    this.#dueMs.push(dueMs);
  }

  send(): void {
    const { device } = this.#carrier;
    const unsent = this.#dueMs.length - (device.next - this.#first);
    const count = Math.min(unsent, device.room);
    if (count > 0) this.#carrier.sendBatches(count);
  }
}
