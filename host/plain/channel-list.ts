// The channels of a plain device: nobody announces them, so they are made of what comes. Numbers are
// float64, which loses nothing. A name keeps the kind of its first value; values of another kind get a
// channel beside it ("door.text").

import type { Channel, ChannelKind } from "../../shared/channel.ts";
import { CHANNELS_MAX, NAME_BYTES_MAX, SCHEMA_BYTES_MAX } from "../../shared/limits.ts";
import type { Scalar } from "./row.ts";

/** What a channel takes of an encoded schema beside its name and its unit, at most. */
const CHANNEL_BYTES = 14;
const UNIT_BYTES = 7;

/** The head of the encoded list. */
const HEAD_BYTES = 3;

type PlainKind = Extract<ChannelKind, "float64" | "boolean" | "text" | "bytes">;

/** What is put behind the name of a channel of another kind. */
const SUFFIXES: Readonly<Record<PlainKind, string>> = {
  float64: "number",
  boolean: "boolean",
  text: "text",
  bytes: "bytes",
};

export class ChannelList {
  readonly channels: Channel[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #units: ReadonlyMap<string, string>;
  #bytes = HEAD_BYTES;

  /** `units` by channel name. */
  constructor(units: ReadonlyMap<string, string>) {
    this.#units = units;
  }

  /** The index of the channel that carries such a value; undefined where there is room for no more. */
  indexFor(name: string, value: Scalar): number | undefined {
    const kind = kindOf(value);
    const index = this.#indexes.get(name) ?? this.#add(name, kind);
    if (index === undefined || this.channels[index]!.kind === kind) return index;
    const beside = `${name}.${SUFFIXES[kind]}`;
    const other = this.#indexes.get(beside) ?? this.#add(beside, kind);
    return other !== undefined && this.channels[other]!.kind === kind ? other : undefined;
  }

  #add(name: string, kind: PlainKind): number | undefined {
    const unit = this.#units.get(name) ?? "";
    const unitBytes = unit === "" ? 0 : UNIT_BYTES + Buffer.byteLength(unit);
    const bytes = CHANNEL_BYTES + Buffer.byteLength(name) + unitBytes;
    const isFull = this.channels.length >= CHANNELS_MAX || this.#bytes + bytes > SCHEMA_BYTES_MAX;
    if (isFull || Buffer.byteLength(name) > NAME_BYTES_MAX) return undefined;
    this.#bytes += bytes;
    this.#indexes.set(name, this.channels.length);
    return this.channels.push({ name, kind, unit }) - 1;
  }
}

function kindOf(value: Scalar): PlainKind {
  if (typeof value === "number") return "float64";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "text" : "bytes";
}
