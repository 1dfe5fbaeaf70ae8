// From what a decoder found to rows of readings: nested values become channels named by their path
// ("climate.temperature", "axis.0"), a list of objects becomes as many rows. This is where values that
// share parts, or hold themselves, meet their bound: every visit counts.

import { isName } from "../../shared/channel.ts";
import { NAME_BYTES_MAX, VALUE_BYTES_MAX } from "../../shared/limits.ts";
import { DEPTH_MAX, VALUES_PER_FRAME_MAX } from "./limits.ts";
import { Complex, type Decoded, type PlainMap, type PlainValue } from "./value.ts";

/** A value that a channel can carry. */
export type Scalar = number | boolean | string | Uint8Array;

export interface Row {
  /** By channel name. */
  readonly values: Map<string, Scalar>;
  /** Values that no channel can carry: a name or a text too long, an integer beyond 53 bits. */
  leftOut: number;
}

export type Found = Extract<Decoded, { ok: true }>;

export interface RowOptions {
  /** Names for values that have a place and no name; of values with names, these alone are kept. Empty: all. */
  readonly channels: readonly string[];
  /** Fields that are kept in any case, for the time or the device's name. */
  readonly fields: readonly string[];
}

/** The rows of what a decoder found, or why there are none. */
export function rowsOf({ value, isRows }: Found, options: RowOptions): Row[] | string {
  const reader = new RowReader(options);
  const items = Array.isArray(value) && (isRows || isListOfMaps(value)) ? value : [value];
  const rows: Row[] = [];
  for (const item of items) {
    const row = reader.read(item);
    if (row === undefined) return reader.fault;
    rows.push(row);
  }
  return rows;
}

class RowReader {
  fault = "";
  readonly #options: RowOptions;
  #valuesLeft = VALUES_PER_FRAME_MAX;
  #row: Row = { values: new Map(), leftOut: 0 };

  constructor(options: RowOptions) {
    this.#options = options;
  }

  /** Undefined where it goes beyond a bound; `fault` then says which. */
  read(value: PlainValue): Row | undefined {
    this.#row = { values: new Map(), leftOut: 0 };
    const { channels } = this.#options;
    let isRead: boolean;
    if (Array.isArray(value)) {
      isRead = this.#visitAll(namesByPlace(value, channels), value, DEPTH_MAX);
    } else if (isContainer(value)) {
      isRead = this.#visit("", value, DEPTH_MAX);
    } else {
      isRead = this.#visit(channels[0] ?? "value", value, DEPTH_MAX);
    }
    return isRead ? this.#row : undefined;
  }

  #visit(name: string, value: PlainValue, depthLeft: number): boolean {
    if (this.#valuesLeft-- === 0) {
      return this.#fail(`it stands for more than ${VALUES_PER_FRAME_MAX} values`);
    }
    if (name.length > NAME_BYTES_MAX) {
      this.#row.leftOut++; // whatever is below it has a longer name still
      return true;
    }
    if (!isContainer(value)) {
      if (value !== null) this.#put(name, value);
      return true;
    }
    if (depthLeft === 0) return this.#fail(`its values are nested deeper than ${DEPTH_MAX}`);
    const prefix = name === "" ? "" : `${name}.`;
    const items = value instanceof Complex ? partsOf(value) : value;
    const names = Array.from<string | number>(items.keys());
    const values = Array.from<PlainValue>(items.values());
    return this.#visitAll(
      names.map((key) => `${prefix}${key}`),
      values,
      depthLeft - 1,
    );
  }

  #visitAll(names: readonly string[], values: readonly PlainValue[], depthLeft: number): boolean {
    return names.every((name, index) => this.#visit(name, values[index]!, depthLeft));
  }

  #put(name: string, value: Exclude<PlainValue, null>): void {
    if (!this.#isWanted(name)) return;
    const scalar = scalarOf(value);
    if (scalar === undefined || !isName(name)) this.#row.leftOut++;
    else this.#row.values.set(name, scalar);
  }

  #isWanted(name: string): boolean {
    const { channels, fields } = this.#options;
    return channels.length === 0 || channels.includes(name) || fields.includes(name);
  }

  #fail(fault: string): false {
    this.fault = fault;
    return false;
  }
}

/** What stands beyond the names given is not wanted, where names are given. */
function namesByPlace(values: readonly PlainValue[], channels: readonly string[]): string[] {
  const names = channels.length > 0 ? channels.slice(0, values.length) : values.keys();
  return Array.from(names, String);
}

const LONE_SURROGATE = /\p{Cs}/u;

/** Undefined where no channel can carry it. */
function scalarOf(value: PlainValue): Scalar | undefined {
  if (typeof value === "string") {
    return Buffer.byteLength(value) <= VALUE_BYTES_MAX && !LONE_SURROGATE.test(value)
      ? value
      : undefined;
  }
  if (value instanceof Uint8Array) return value.length <= VALUE_BYTES_MAX ? value : undefined;
  return typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

function isContainer(value: PlainValue): value is readonly PlainValue[] | PlainMap | Complex {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function isListOfMaps(value: readonly PlainValue[]): boolean {
  return value.length > 0 && value.every((item) => item instanceof Map);
}

function partsOf({ real, imag }: Complex): PlainMap {
  return new Map([
    ["real", real],
    ["imag", imag],
  ]);
}
