// `npm run bench:codec [-- FOLDER] [--json]`: bytes a value on the wire of the reference stream and of each
// CSV file in FOLDER, beside other ways to write them. A record's time is no value of its own. With
// --json one line a stream and batch size.

import { entropyOf } from "./entropy.ts";
import { carry } from "./ours.ts";
import { findPeers, type Peer, peerBytes } from "./peers.ts";
import { recordingsIn } from "./recordings.ts";
import { referenceStream, type Stream } from "./reference-stream.ts";

const BATCH_ROWS = [10, 60, 200, 600];

interface Line {
  readonly stream: string;
  readonly batch: number;
  /** Bytes a value: with message and frame; sealed as well. */
  readonly framed: number;
  readonly sealed: number;
  /** Order-0 entropy of the residuals. */
  readonly entropy: number;
  readonly peers: Readonly<Record<string, number>>;
}

function measure(stream: Stream, batch: number, peers: ReadonlyMap<string, Peer>): Line {
  const { framed, sealed } = carry(stream, batch);
  const width = stream.channels.length;
  const values = width * stream.rows.length;
  const round = (bytes: number) => Number(bytes.toFixed(4));
  return {
    stream: stream.name,
    batch,
    framed: round(framed / values),
    sealed: round(sealed / values),
    entropy: round(entropyOf(stream) / width),
    peers: Object.fromEntries(
      [...peers].map(([name, peer]) => [name, round(peerBytes(stream, batch, peer) / width)]),
    ),
  };
}

function printTable(lines: readonly Line[]): void {
  const { stream, entropy } = lines[0]!;
  console.log(`\n${stream}: bytes a value; order-0 entropy of the residuals ${entropy.toFixed(3)}`);
  const row = (name: string, cells: readonly string[]) =>
    console.log(`  ${name.padEnd(16)}${cells.map((cell) => cell.padStart(10)).join("")}`);
  row(
    "records a batch",
    lines.map(({ batch }) => String(batch)),
  );
  row(
    "framed",
    lines.map(({ framed }) => framed.toFixed(3)),
  );
  row(
    "  x entropy",
    lines.map(({ framed }) => (framed / entropy).toFixed(2)),
  );
  row(
    "sealed",
    lines.map(({ sealed }) => sealed.toFixed(3)),
  );
  for (const name of Object.keys(lines[0]!.peers)) {
    row(
      name,
      lines.map(({ peers }) => peers[name]!.toFixed(3)),
    );
  }
}

async function main(): Promise<void> {
  const isJson = process.argv.includes("--json");
  const folders = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const { peers, missing } = await findPeers();
  if (missing.length > 0) {
    console.error(
      `left out, for they are not installed: ${missing.join(", ")} (npm ci --prefix bench/peers)`,
    );
  }
  for (const stream of [referenceStream(), ...folders.flatMap(recordingsIn)]) {
    const lines = BATCH_ROWS.map((batch) => measure(stream, batch, peers));
    if (isJson) for (const line of lines) console.log(JSON.stringify(line));
    else printTable(lines);
  }
}

await main();
