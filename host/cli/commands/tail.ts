// `senda tail`: readings as they are stored, by whichever process stores them.

import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { StoreFollower } from "../../store/follower.ts";
import { printable } from "../../terminal/printable.ts";
import { wholeNumber } from "../arguments.ts";
import { newestSamples, newSamples } from "../output/follow.ts";
import { type Sample, sampleJson, sampleLine } from "../output/sample.ts";
import { type LineSink, standardOutput } from "../output/sink.ts";
import { devicesNamed, readError, withStore } from "../output/source.ts";
import { paintFor } from "../output/terminal.ts";
import { stopSignal } from "../stop-signal.ts";

interface TailFlags {
  readonly db: string;
  readonly rows: number;
  readonly samples: number;
  readonly json?: true;
}

/** Between two looks at the store: people do not notice, and a look costs microseconds. */
const POLL_MS = 250;

const ROWS_DEFAULT = 10;

/** They are held in memory until they are in order; `senda query` is for more. */
const ROWS_MAX = 10_000;

export function tailCommand(): Command {
  return new Command("tail")
    .description("Prints readings as they are stored, until Ctrl-C.")
    .argument("[device...]", "only these devices")
    .option("--db <file>", "the store", "senda.db")
    .option(
      "--rows <n>",
      "begin with the newest rows of the store",
      wholeNumber(0, ROWS_MAX),
      ROWS_DEFAULT,
    )
    .option(
      "--samples <n>",
      "end after so many rows; 0 for not at all",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
      0,
    )
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
One row for each sample. Times are UTC; "up" and the device's uptime stand for a
time that is not known in UTC yet. What a device had to drop is told on standard
error.

Examples:
  $ senda tail
  $ senda tail kitchen --rows 0 --json`,
    )
    .action(tail);
}

async function tail(names: readonly string[], flags: TailFlags): Promise<void> {
  await withStore(flags.db, (reader) => devicesNamed(reader, names));
  const follower = await StoreFollower.open(flags.db, names);
  try {
    await follow(follower, flags);
  } catch (error) {
    throw readError(flags.db, error);
  } finally {
    follower.close();
  }
}

async function follow(follower: StoreFollower, flags: TailFlags): Promise<void> {
  const stop = watchForStop();
  const printer = new Printer(flags);
  for (const sample of newestSamples(follower, flags.rows)) await printer.print(sample);
  for (;;) {
    await printer.flush();
    for (const item of newSamples(follower)) {
      if (stop.aborted || printer.isDone) break;
      if (item.kind === "sample") await printer.print(item.sample);
      else await printer.remark(`${printable(item.device)}: ${item.text}`);
    }
    await printer.flush();
    if (stop.aborted || printer.isDone) return;
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

function watchForStop(): AbortSignal {
  const controller = new AbortController();
  void stopSignal().then(() => controller.abort());
  return controller.signal;
}

class Printer {
  readonly #sink: LineSink = standardOutput();
  readonly #format: (sample: Sample) => string;
  readonly #rowsMax: number;
  #rows = 0;

  constructor({ json, samples }: TailFlags) {
    const paint = paintFor(process.stdout);
    this.#format = json ? sampleJson : (sample) => sampleLine(sample, paint);
    this.#rowsMax = samples === 0 ? Number.POSITIVE_INFINITY : samples;
  }

  get isDone(): boolean {
    return this.#rows >= this.#rowsMax;
  }

  async print(sample: Sample): Promise<void> {
    if (this.isDone) return;
    this.#rows++;
    if (this.#sink.add(this.#format(sample))) await this.#sink.flush();
  }

  /** On standard error, at its place among the rows. */
  async remark(text: string): Promise<void> {
    await this.#sink.flush();
    process.stderr.write(`${text}\n`);
  }

  flush(): Promise<void> {
    return this.#sink.flush();
  }
}
