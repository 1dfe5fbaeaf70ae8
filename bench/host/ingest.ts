// Durable ingest: how many readings a second a collector takes, decodes, checks, has on disk and
// acknowledges, counted at the devices by acknowledgements; beside the peers. Each round measures
// every case once, so that a busy minute of the machine hits all alike, and ratios are taken by round.

import { randomBytes } from "node:crypto";
import { openPtyPair } from "../../host/simulator/pty-pair.ts";
import { type Bench, type BenchOptions, type Figure, median } from "../figure.ts";
import { CollectorProcess } from "./collector-process.ts";
import { type MeasuredLoad, measureLoad } from "./load/measure.ts";
import type { LoadTarget } from "./load/run.ts";
import { type LoadTimes, PEERS } from "./peers.ts";

const ROUNDS = 3;
const CONNECTIONS = 10;

interface IngestCase {
  readonly name: string;
  readonly kind: LoadTarget["kind"];
  /** Values in each batch. */
  readonly readings: number;
}

const CASES: readonly IngestCase[] = [
  { name: "ingest.tcp.5", kind: "tcp", readings: 5 },
  { name: "ingest.tcp.60", kind: "tcp", readings: 60 },
  { name: "ingest.tcp.200", kind: "tcp", readings: 200 },
  { name: "ingest.tcp.600", kind: "tcp", readings: 600 },
  { name: "ingest.sealed.5", kind: "sealed", readings: 5 },
  { name: "ingest.sealed.200", kind: "sealed", readings: 200 },
  { name: "ingest.udp.200", kind: "udp", readings: 200 },
  { name: "ingest.serial.200", kind: "serial", readings: 200 },
];

/** What one round measured, by name; what could not be measured is not in it. */
interface Round {
  readonly ours: ReadonlyMap<string, MeasuredLoad>;
  readonly peers: ReadonlyMap<string, number>;
}

export const measureIngest: Bench = async (options) => {
  const times = options.isQuick
    ? { warmUpMs: 200, measureMs: 200 }
    : { warmUpMs: 1_000, measureMs: 2_500 };
  const rounds: Round[] = [];
  for (let count = 0; count < (options.isQuick ? 1 : ROUNDS); count++) {
    rounds.push(await measureRound(times, options, count === 0));
  }
  return [
    ...CASES.flatMap((each) => figuresOf(each, rounds)),
    ...PEERS.flatMap(({ name }) => peerFigures(name, rounds)),
  ];
};

async function measureRound(
  times: LoadTimes,
  { wants, leaveOut }: BenchOptions,
  isFirst: boolean,
): Promise<Round> {
  const ours = new Map<string, MeasuredLoad>();
  const peers = new Map<string, number>();
  for (const each of CASES.filter(({ name }) => wants(name))) {
    const load = await measureCase(each, times);
    if (load !== undefined) ours.set(each.name, load);
    else if (isFirst) leaveOut(`${each.name}: it needs socat, which is not installed`);
  }
  for (const { name, needs, run } of PEERS.filter(({ name }) => wants(`peer.${name}`))) {
    const readings = await run(times);
    if (readings !== undefined) peers.set(name, readings);
    else if (isFirst) leaveOut(`peer.${name}: it needs ${needs}`);
  }
  return { ours, peers };
}

/** Undefined where the machine lacks what the case needs. */
async function measureCase(
  { kind, readings }: IngestCase,
  times: LoadTimes,
): Promise<MeasuredLoad | undefined> {
  if (kind === "sealed") {
    const key = randomBytes(32).toString("hex");
    const collector = await CollectorProcess.start({ key });
    const target = { kind, host: "127.0.0.1", port: collector.port, key };
    return measureLoad(collector, { target, connections: CONNECTIONS, readings, ...times });
  }
  if (kind !== "serial") {
    const collector = await CollectorProcess.start({ udp: kind === "udp" });
    const port = kind === "udp" ? collector.udpPort : collector.port;
    const target = { kind, host: "127.0.0.1", port };
    return measureLoad(collector, { target, connections: CONNECTIONS, readings, ...times });
  }
  const pair = await openPtyPair();
  if (pair === undefined) return undefined;
  const collector = await CollectorProcess.start({ serial: pair.a });
  try {
    const target = { kind, path: pair.b };
    return await measureLoad(collector, { target, connections: 1, readings, ...times });
  } finally {
    pair.close();
  }
}

function figuresOf({ name, readings }: IngestCase, rounds: readonly Round[]): Figure[] {
  const loads = rounds.flatMap(({ ours }) => ours.get(name) ?? []);
  if (loads.length === 0) return [];
  const batches = median(loads.map(({ batchesPerSecond }) => batchesPerSecond));
  const ratio = ratiosOf(name, readings, rounds);
  return [
    { name, value: batches * readings, unit: "readings/s", ...(ratio && { ratio }) },
    { name: `${name}.batches`, value: batches, unit: "batches/s" },
    { name: `${name}.cpu`, value: median(loads.map(({ cpuUs }) => cpuUs)), unit: "us/batch" },
  ];
}

/** Undefined where no peer was measured. */
function ratiosOf(
  name: string,
  readings: number,
  rounds: readonly Round[],
): Record<string, number> | undefined {
  const ratios = PEERS.flatMap((peer) => {
    const values = rounds.flatMap(({ ours, peers }) => {
      const [load, value] = [ours.get(name), peers.get(peer.name)];
      return load && value ? [(load.batchesPerSecond * readings) / value] : [];
    });
    return values.length === 0 ? [] : [[peer.name, median(values)] as const];
  });
  return ratios.length === 0 ? undefined : Object.fromEntries(ratios);
}

function peerFigures(name: string, rounds: readonly Round[]): Figure[] {
  const values = rounds.flatMap(({ peers }) => peers.get(name) ?? []);
  if (values.length === 0) return [];
  return [{ name: `peer.${name}`, value: median(values), unit: "readings/s" }];
}
