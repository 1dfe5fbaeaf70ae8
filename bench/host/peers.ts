// The peers: what people use when they do not use Senda, measured in turns with our own ingest.
// docs/PERFORMANCE.md tells how the figures are to be read.

import type { LinesOptions } from "../peers/json-lines.ts";
import { startMosquitto } from "../peers/mosquitto.ts";
import { loadMqtt, type MqttOptions } from "../peers/mqtt.ts";
import { Task } from "./task.ts";

/** How long a load runs before it is measured, and while it is. */
export interface LoadTimes {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

interface Peer {
  readonly name: string;
  /** What it needs, for people. */
  readonly needs: string;
  /** Readings a second; undefined where something that it needs is not installed. */
  readonly run: (times: LoadTimes) => Promise<number | undefined>;
}

const CONNECTIONS = 10;

const MQTT_NEEDS = "mosquitto, and mqtt.js (npm ci --prefix bench/peers)";

export const PEERS: readonly Peer[] = [
  { name: "mosquitto-qos1-json", needs: MQTT_NEEDS, run: (times) => runMqtt(1, times) },
  { name: "mosquitto-qos1-json-100", needs: MQTT_NEEDS, run: (times) => runMqtt(100, times) },
  { name: "tcp-json-lines", needs: "nothing", run: runLines },
];

async function runMqtt(readings: number, times: LoadTimes): Promise<number | undefined> {
  if (loadMqtt() === undefined) return undefined;
  const broker = await startMosquitto();
  if (broker === undefined) return undefined;
  const { port } = broker;
  const options: MqttOptions = { port, readings, connections: CONNECTIONS, ...times };
  const collector = new Task<number>("mqtt-collector", options);
  await Promise.race([collector.told, collector.result]);
  const publishers = new Task<never>("mqtt-publishers", options);
  try {
    return await Promise.race([collector.result, publishers.result]);
  } finally {
    await publishers.stop();
    await collector.stop();
    await broker.stop();
  }
}

async function runLines(times: LoadTimes): Promise<number> {
  const options: LinesOptions = { connections: CONNECTIONS, ...times };
  const collector = new Task<number>("lines-collector", options);
  const port = await Promise.race([collector.told, collector.result]);
  const senders = new Task<never>("lines-senders", { ...options, port });
  try {
    return await Promise.race([collector.result, senders.result]);
  } finally {
    await senders.stop();
    await collector.stop();
  }
}
