// What a device answered, for people: a table for lists, a line for each field, or the value alone.

import type { JsonValue } from "../../store/value.ts";
import { printable } from "../../terminal/printable.ts";
import { formatTable } from "./table.ts";

type Fields = Readonly<Record<string, JsonValue>>;

/** Lines, each with its end. */
export function describeValue(value: JsonValue, width: number): string {
  if (value === null) return "done\n";
  if (!isFields(value)) return `${textOf(value)}\n`;
  const { items } = value;
  if (Array.isArray(items) && items.every(isFields)) return tableOf(items, width);
  const rows = Object.entries(value).map(([name, field]) => [name, textOf(field)]);
  const widest = Math.max(0, ...rows.map(([name]) => name!.length));
  return rows.map(([name, text]) => `${printable(name!.padEnd(widest))}  ${text}\n`).join("");
}

function tableOf(items: readonly Fields[], width: number): string {
  if (items.length === 0) return "none\n";
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const columns = names.map((title) => ({ title, mayShrink: true }));
  const rows = items.map((item) => names.map((name) => textOf(item[name] ?? null)));
  return `${formatTable(columns, rows, width).join("\n")}\n`;
}

function isFields(value: JsonValue): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function textOf(value: JsonValue): string {
  if (value === null) return "-";
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return value.map((item) => textOf(item)).join(", ");
  }
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}
