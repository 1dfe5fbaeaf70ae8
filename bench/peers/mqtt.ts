// The usual way over MQTT: publishers with QoS 1, a broker, a subscriber that parses JSON and keeps
// rows. The broker's word that it has a message (PUBACK) does not wait for the rows; ours does.

import { createRequire } from "node:module";
import { RandomSensor } from "../../device/sensors/random.ts";
import type { TaskContext } from "../host/task.ts";
import { type Row, RowStore } from "./rows.ts";

/** The part of mqtt.js (5.16) that is used here; it is installed apart (bench/peers/package.json). */
interface MqttClient {
  once(event: "connect", listener: () => void): void;
  on(event: "message", listener: (topic: string, payload: Uint8Array) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  publish(
    topic: string,
    payload: string,
    options: { readonly qos: 1 },
    done: (error?: Error) => void,
  ): void;
  subscribe(topic: string, options: { readonly qos: 1 }, done: (error: Error | null) => void): void;
}

interface Mqtt {
  connect(url: string, options: object): MqttClient;
}

export interface MqttOptions {
  readonly port: number;
  /** Readings in a message. */
  readonly readings: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Messages that a publisher sends before it waits for the broker. */
const IN_FLIGHT = 50;

/** Undefined where it is not installed. */
export function loadMqtt(): Mqtt | undefined {
  try {
    return createRequire(import.meta.url)("mqtt") as Mqtt;
  } catch {
    return undefined;
  }
}

async function connectMqtt(port: number): Promise<MqttClient> {
  const client = loadMqtt()!.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  client.on("error", () => undefined);
  await new Promise<void>((resolve) => client.once("connect", resolve));
  return client;
}

/** Takes messages into rows; gives the rows a second. `tell`s once it has subscribed. */
export async function runMqttCollector(
  { port, ...times }: MqttOptions,
  context: TaskContext,
): Promise<number> {
  const rows = await RowStore.open();
  const client = await connectMqtt(port);
  client.on("message", (_topic, payload) => {
    const message = JSON.parse(payload.toString()) as Row | Row[];
    if (Array.isArray(message)) for (const row of message) rows.add(row);
    else rows.add(message);
  });
  await new Promise((resolve) => client.subscribe("readings/#", { qos: 1 }, resolve));
  context.tell(0);
  const perSecond = await rows.rate(times);
  rows.close();
  return perSecond;
}

/** Publishes as fast as the broker takes it, until it is ended. */
export async function runMqttPublishers(options: MqttOptions): Promise<never> {
  const { port, connections, readings } = options;
  for (let device = 0; device < connections; device++) {
    const client = await connectMqtt(port);
    const next = payloads(device, readings);
    const publish = () => {
      client.publish(`readings/${device}`, next(), { qos: 1 }, (error) => error ?? publish());
    };
    for (let count = 0; count < IN_FLIGHT; count++) publish();
  }
  return new Promise(() => undefined);
}

/** Makes the text of one message after the other: one object a reading. */
function payloads(device: number, readings: number): () => string {
  const rows = readingsOf(device);
  return () => {
    if (readings === 1) return JSON.stringify(rows());
    return JSON.stringify(Array.from({ length: readings }, rows));
  };
}

/** The readings of a device, one after the other. */
export function readingsOf(device: number): () => Row {
  const sensor = new RandomSensor(device + 1);
  const { channels } = sensor;
  let t = 1_760_000_000_000;
  let values: readonly number[] = [];
  let c = channels.length;
  return () => {
    if (c === channels.length) {
      values = sensor.read().map((value) => Math.round(Number(value) * 1_000) / 1_000);
      t += 1_000;
      c = 0;
    }
    return { d: device, c, t, v: values[c++]! };
  };
}
