// Tables for people: columns aligned by what a terminal shows, cut to its width; columns that
// it has no room for are left out whole, so the important ones come first. Cells are text from
// anywhere: they are made printable here.

import { printable } from "../../terminal/printable.ts";
import { displayWidth, pad, truncate } from "../../terminal/width.ts";

export interface TableColumn {
  readonly title: string;
  /** "right" for numbers. */
  readonly align?: "left" | "right";
  /** May be cut where the terminal is too narrow. */
  readonly mayShrink?: boolean;
}

const BETWEEN = "  ";

/** To what a column may be cut: still enough to tell names apart. */
const SHRUNK_MIN = 16;

/** The widths of a table's columns, found from its title and first rows; later rows follow them. */
export class TableLayout {
  /** How many of the first columns there is room for; at least one. */
  readonly shown: number;
  readonly #columns: readonly TableColumn[];
  readonly #widths: number[];
  readonly #widthMax: number;

  constructor(
    columns: readonly TableColumn[],
    rows: readonly (readonly string[])[],
    widthMax: number,
  ) {
    this.#columns = columns;
    this.#widthMax = widthMax;
    this.#widths = columns.map(({ title }, index) =>
      rows.reduce((width, row) => Math.max(width, cellWidth(row[index])), cellWidth(title)),
    );
    this.shown = this.#countFitting();
    this.#shrink();
  }

  title(): string {
    return this.row(this.#columns.map(({ title }) => title));
  }

  /** One line without its end: as many of the first columns as there is room for. */
  row(cells: readonly string[]): string {
    const padded = this.#columns
      .slice(0, this.shown)
      .map(({ align = "left", mayShrink }, index) => {
        const width = this.#widths[index]!;
        const text = printable(cells[index] ?? "");
        return pad(mayShrink === true ? truncate(text, width) : text, width, align);
      });
    return truncate(padded.join(BETWEEN).trimEnd(), this.#widthMax);
  }

  /** With the columns that may shrink as narrow as they may be. */
  #countFitting(): number {
    let used = -BETWEEN.length;
    const count = this.#widths.findIndex((width, index) => {
      const isFixed = this.#columns[index]!.mayShrink !== true;
      used += BETWEEN.length + (isFixed ? width : Math.min(width, SHRUNK_MIN));
      return used > this.#widthMax;
    });
    return count === -1 ? this.#widths.length : Math.max(1, count);
  }

  /** Takes what is too much from the widest column that may shrink, again and again. */
  #shrink(): void {
    for (let excess = this.#excess(); excess > 0; excess--) {
      let widest = -1;
      for (let index = 0; index < this.shown; index++) {
        const width = this.#widths[index]!;
        const mayShrink = this.#columns[index]!.mayShrink === true && width > SHRUNK_MIN;
        if (mayShrink && width > (this.#widths[widest] ?? 0)) widest = index;
      }
      if (widest < 0) return;
      this.#widths[widest]!--;
    }
  }

  #excess(): number {
    if (!Number.isFinite(this.#widthMax)) return 0;
    const total = this.#widths.slice(0, this.shown).reduce((sum, width) => sum + width, 0);
    return total + BETWEEN.length * (this.shown - 1) - this.#widthMax;
  }
}

/** The lines of a whole table, its title first. */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  widthMax: number,
): string[] {
  const layout = new TableLayout(columns, rows, widthMax);
  return [layout.title(), ...rows.map((row) => layout.row(row))];
}

function cellWidth(cell: string | undefined): number {
  return displayWidth(printable(cell ?? ""));
}
