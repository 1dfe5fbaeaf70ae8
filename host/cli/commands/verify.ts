// `senda verify`: recomputes from the store's file what it promises, and says whether it holds.

import { Command } from "commander";
import { type EpochVerdict, type Verdict, verifyStore } from "../../store/verify.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { wrap } from "../../terminal/width.ts";
import { EXIT_FAILED } from "../failure.ts";
import { counted, countText } from "../output/quantity.ts";
import { readError } from "../output/source.ts";
import { formatTable, type TableColumn } from "../output/table.ts";
import { type Paint, paintFor, widthOf } from "../output/terminal.ts";
import { TransientLine } from "../output/transient-line.ts";

interface VerifyFlags {
  readonly db: string;
  readonly json?: true;
}

/** Devices and faults that people are shown; programs get all. */
const DEVICES_SHOWN_MAX = 30;
const FAULTS_SHOWN_MAX = 20;

const COLUMNS: readonly TableColumn[] = [
  { title: "device", mayShrink: true },
  { title: "epochs", align: "right" },
  { title: "batches", align: "right" },
  { title: "readings", align: "right" },
  { title: "dropped", align: "right" },
  { title: "missing", align: "right" },
  { title: "twice", align: "right" },
  { title: "damaged", align: "right" },
];

export function verifyCommand(): Command {
  return new Command("verify")
    .description("Checks that a store holds each record once, in order and undamaged.")
    .option("--db <file>", "the store", "senda.db")
    .option("--json", "one JSON object, for programs")
    .addHelpText(
      "after",
      `
"dropped" readings are those that a device could not keep and said so: no fault
of the store. "missing" records are in no batch and no gap, "twice" those that
are there more than once, "damaged" batches that are not what was stored. Exit
status 1 where anything is wrong. A collector may go on writing meanwhile.

Example:
  $ senda verify --db greenhouse.db`,
    )
    .action(verify);
}

async function verify(flags: VerifyFlags): Promise<void> {
  const verdict = await withProgress(flags.db);
  const report = () => reportOf(flags.db, verdict, paintFor(process.stdout));
  process.stdout.write(flags.json ? jsonLine(verdict) : report());
  if (!verdict.ok) process.exitCode = EXIT_FAILED;
}

async function withProgress(path: string): Promise<Verdict> {
  const progress = new TransientLine(process.stderr);
  try {
    return await verifyStore(path, ({ done, total }) => {
      progress.show(() => {
        const percent = Math.floor((100 * done) / Math.max(1, total));
        return `${percent} %: ${countText(done)} of ${counted(total, "record")} verified`;
      });
    });
  } catch (error) {
    throw readError(path, error);
  } finally {
    progress.clear();
  }
}

function reportOf(path: string, verdict: Verdict, paint: Paint): string {
  const lines = [...tableLines(verdict, paint), ...faultLines(verdict), verdictLine(path, verdict)];
  const last = wrap(lines.pop()!, widthOf(process.stdout)).join("\n");
  return `${[...lines, paint(verdict.ok ? "green" : "red", last)].join("\n")}\n`;
}

function tableLines({ epochs }: Verdict, paint: Paint): string[] {
  const devices = [...byDevice(epochs)].sort(([, a], [, b]) => faultsOf(b) - faultsOf(a));
  if (devices.length === 0) return [];
  const rows = devices.slice(0, DEVICES_SHOWN_MAX).map(([name, sum]) => rowOf(name, sum));
  const [title, ...lines] = formatTable(COLUMNS, rows, widthOf(process.stdout));
  const hidden = devices.length - rows.length;
  const more = hidden === 0 ? [] : [`and ${counted(hidden, "more device", "more devices")}`];
  return [paint("dim", title!), ...lines, ...more, ""];
}

/** Sums over the epochs of one device. */
interface DeviceSums {
  epochs: number;
  batches: number;
  readings: number;
  gapReadings: number;
  missing: number;
  duplicates: number;
  damaged: number;
}

function byDevice(epochs: readonly EpochVerdict[]): Map<string, DeviceSums> {
  const devices = new Map<string, DeviceSums>();
  for (const epoch of epochs) {
    const name = epoch.device ?? "(of no device)";
    const sums = devices.get(name) ?? emptySums();
    devices.set(name, sums);
    sums.epochs++;
    sums.batches += epoch.batches;
    sums.readings += epoch.readings;
    sums.gapReadings += epoch.gapReadings;
    sums.missing += epoch.missing;
    sums.duplicates += epoch.duplicates;
    sums.damaged += epoch.checksumFailures + epoch.undecodable;
  }
  return devices;
}

function emptySums(): DeviceSums {
  return {
    epochs: 0,
    batches: 0,
    readings: 0,
    gapReadings: 0,
    missing: 0,
    duplicates: 0,
    damaged: 0,
  };
}

function faultsOf({ missing, duplicates, damaged }: DeviceSums): number {
  return missing + duplicates + damaged;
}

function rowOf(name: string, sums: DeviceSums): string[] {
  const { epochs, batches, readings, gapReadings, missing, duplicates, damaged } = sums;
  const counts = [epochs, batches, readings, gapReadings, missing, duplicates, damaged];
  return [name, ...counts.map(countText)];
}

function faultLines({ faults }: Verdict): string[] {
  if (faults.length === 0) return [];
  const shown = faults.slice(0, FAULTS_SHOWN_MAX).map((fault) => `- ${printable(fault)}`);
  const hidden = faults.length - shown.length;
  return hidden === 0 ? [...shown, ""] : [...shown, `- and ${countText(hidden)} more`, ""];
}

function verdictLine(path: string, verdict: Verdict): string {
  const { ok, readings, batches, gapReadings, keptAside, missing, duplicates } = verdict;
  const damaged = verdict.checksumFailures + verdict.undecodable;
  if (ok) {
    const dropped = gapReadings === 0 ? "" : ` Devices dropped ${counted(gapReadings, "reading")}.`;
    const aside = keptAside === 0 ? "" : ` ${asideText(keptAside)}`;
    return `${path} is sound: ${counted(readings, "reading")} in ${counted(batches, "batch", "batches")}, none missing, none twice, none damaged.${dropped}${aside}`;
  }
  const parts = [
    `${counted(missing, "record")} missing`,
    `${countText(duplicates)} twice`,
    `${counted(damaged, "batch", "batches")} damaged`,
  ];
  return `${path} is NOT sound: ${parts.join(", ")}. Keep the file and restore what is missing from a copy.`;
}

function asideText(count: number): string {
  const which = counted(count, "batch", "batches");
  return `${which} could not be read: the bytes are kept aside in the table "refused".`;
}
