// The devices of a running collector as a table: redrawn in place on a terminal, as plain lines now
// and then in a pipe.

import type { WriteStream } from "node:tty";
import { monotonicMs } from "../clock.ts";
import type { DeviceView } from "../collector/device-board.ts";
import { printable } from "./printable.ts";
import { displayWidth, pad, truncate } from "./width.ts";

const REDRAW_MS = 500;
const PLAIN_LINES_MS = 5_000;

/** Rows that are drawn, or fewer where the terminal is low; further devices are counted below the table. */
const ROWS_MAX = 20;
const ROWS_BESIDE = 4;

const WIDTH_DEFAULT = 100;

type Row = readonly [
  device: string,
  link: string,
  rate: string,
  stored: string,
  waiting: string,
  values: string,
];

const HEADER: Row = ["device", "link", "readings/s", "stored", "waiting", "last values"];

/** Columns that hold numbers are aligned to the right. */
const IS_RIGHT = [false, false, true, true, true, false];

export class LiveTable {
  readonly #out: WriteStream;
  readonly #views: (nowMs: number) => readonly DeviceView[];
  readonly #timer: NodeJS.Timeout;
  #drawnLines = 0;

  constructor(out: WriteStream, views: (nowMs: number) => readonly DeviceView[]) {
    this.#out = out;
    this.#views = views;
    this.#timer = setInterval(() => this.#tick(), out.isTTY ? REDRAW_MS : PLAIN_LINES_MS);
    if (out.isTTY) this.#tick();
  }

  /** Prints a line that stays, above the table. */
  print(line: string): void {
    this.#erase();
    this.#out.write(`${line}\n`);
    if (this.#out.isTTY) this.#tick();
  }

  /** Draws once more and leaves the table standing. */
  stop(): void {
    clearInterval(this.#timer);
    this.#tick();
    this.#drawnLines = 0;
  }

  #tick(): void {
    const views = this.#views(monotonicMs());
    if (views.length === 0) return;
    if (!this.#out.isTTY) {
      for (const view of views) this.#out.write(`${plainLine(view)}\n`);
      return;
    }
    const { columns, rows } = this.#out;
    const rowsMax = Math.max(1, Math.min(ROWS_MAX, (rows || ROWS_MAX) - ROWS_BESIDE));
    const lines = tableLines(views, columns || WIDTH_DEFAULT, rowsMax);
    this.#erase();
    this.#out.write(`${lines.join("\n")}\n`);
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#out.write(`\x1b[${this.#drawnLines}A\x1b[J`);
    this.#drawnLines = 0;
  }
}

function tableLines(views: readonly DeviceView[], width: number, rowsMax: number): string[] {
  const rows = [HEADER, ...views.slice(0, rowsMax).map(rowOf)];
  const widths = HEADER.map((_, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column]!))),
  );
  const lines = rows.map((row, index) => {
    const cells = row.map((cell, column) =>
      pad(cell, widths[column]!, IS_RIGHT[column] ? "right" : "left"),
    );
    const line = cells.join("  ").trimEnd();
    const cut = truncate(line, width - 1);
    return index === 0 ? `\x1b[2m${cut}\x1b[0m` : cut;
  });
  const hidden = views.length - rowsMax;
  return hidden > 0 ? [...lines, `and ${hidden} more`] : lines;
}

function rowOf(view: DeviceView): Row {
  const link = view.links.length === 0 ? "away" : view.links.join("+");
  const rate = view.readingsPerSecond.toFixed(1);
  const stored = view.readings.toLocaleString("en");
  return [printable(view.device), link, rate, stored, String(view.waiting), valuesOf(view)];
}

function plainLine(view: DeviceView): string {
  const [device, link, rate, stored, waiting, values] = rowOf(view);
  return `${device}  ${link}  ${rate} readings/s  stored ${stored}  waiting ${waiting}  ${values}`;
}

function valuesOf({ values }: DeviceView): string {
  return Object.entries(values)
    .map(([name, value]) => `${printable(name)}=${printable(formatValue(value))}`)
    .join(" ");
}

function formatValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
