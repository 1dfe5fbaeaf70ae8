// What people write behind --plain: [tcp://|udp://]ADDR:PORT or serial://PATH[@BAUD], then options as
// ,key=value. A part without "key=" belongs to the option before it (channels=a,b,c); "\," is a comma
// within a value. Every refusal says what is expected.

import { isIP } from "node:net";
import { isName } from "../../shared/channel.ts";
import { DEFAULT_BAUD, parseAddress } from "../links/address.ts";
import type { Decoding } from "./decode/decoder.ts";
import { parseStructFormat } from "./decode/struct-format.ts";
import { parsePattern } from "./decode/text-pattern.ts";
import { placeholdersOf } from "./device-name.ts";
import type { Framing } from "./framing/framing.ts";
import { CLIENTS_DEFAULT, FRAME_BYTES_DEFAULT, FRAME_BYTES_MAX } from "./limits.ts";
import type { Answering, PlainChannel, PlainPlace, PlainSpec } from "./spec.ts";

/** An input that cannot be; the text says what is expected. */
export class PlainSpecError extends Error {
  override name = "PlainSpecError";
}

const KEYS = [
  "framing",
  "decode",
  "channels",
  "answer",
  "allow",
  "name",
  "time",
  "frame",
  "clients",
];

/** Quiet on the line that ends a raw frame, unless told. */
const QUIET_MS_DEFAULT = 50;
const QUIET_MS_MAX = 60_000;
const CLIENTS_MAX = 10_000;

/** A name of its own for each client and input, and never that of a device that speaks our protocol. */
const NAME_DEFAULTS = {
  tcp: "plain-{address}-{port}",
  udp: "plain-{address}-{port}",
  serial: "plain-{address}",
};

/** Throws a PlainSpecError. */
export function parsePlainInput(text: string): PlainSpec {
  const [where = "", ...parts] = splitAtCommas(text);
  const options = optionsOf(parts);
  const place = placeOf(where);
  const value = (key: string) => options.get(key)?.join(",");
  const framing = parseFraming(value("framing") ?? (place.kind === "udp" ? "datagram" : "line"));
  if (framing.kind === "datagram" && place.kind !== "udp") {
    throw new PlainSpecError(`framing=datagram is for udp://, and ${place.kind} carries a stream`);
  }
  return {
    place,
    framing,
    decoding: parseDecoding(value("decode") ?? "text"),
    channels: (options.get("channels") ?? []).map(parseChannel),
    answering: parseAnswering(value("answer") ?? "none"),
    allow: (options.get("allow") ?? []).map(parseAllowed),
    name: parseName(value("name") ?? NAME_DEFAULTS[place.kind]),
    timeField: value("time"),
    frameBytesMax: wholeNumber("frame", value("frame"), FRAME_BYTES_DEFAULT, FRAME_BYTES_MAX),
    clientsMax: wholeNumber("clients", value("clients"), CLIENTS_DEFAULT, CLIENTS_MAX),
  };
}

function splitAtCommas(text: string): string[] {
  const parts = text.match(/(?:\\,|[^,])+/g) ?? [];
  return parts.map((part) => part.replaceAll("\\,", ","));
}

function optionsOf(parts: readonly string[]): Map<string, string[]> {
  const options = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const part of parts) {
    const [, key, value] = /^([a-z]+)=(.*)$/s.exec(part) ?? [];
    if (key !== undefined && KEYS.includes(key)) {
      if (options.has(key)) throw new PlainSpecError(`${key}= is given twice`);
      values = [value!];
      options.set(key, values);
    } else if (values === undefined || key !== undefined) {
      throw new PlainSpecError(
        `"${part}" is no option; there are ${KEYS.map((known) => `${known}=`).join(", ")} (a comma within a value is written "\\,")`,
      );
    } else {
      values.push(part);
    }
  }
  return options;
}

function placeOf(text: string): PlainPlace {
  const [, scheme = "tcp", rest] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text)!;
  if (scheme === "serial") {
    const [, path = "", baud = String(DEFAULT_BAUD)] = /^(.+?)(?:@(\d+))?$/.exec(rest!) ?? [];
    if (path !== "" && Number(baud) > 0) {
      return { kind: "serial", address: { path, baud: Number(baud) } };
    }
    throw new PlainSpecError("expected serial://PATH[@BAUD] such as serial:///dev/ttyUSB0@9600");
  }
  const address = parseAddress(rest!);
  if ((scheme !== "tcp" && scheme !== "udp") || address === undefined) {
    throw new PlainSpecError(
      "expected ADDR:PORT, tcp://ADDR:PORT, udp://ADDR:PORT or serial://PATH, with options behind it: udp://0.0.0.0:5005,decode=json",
    );
  }
  return { kind: scheme, address };
}

/** Throws a PlainSpecError. */
export function parseFraming(text: string): Framing {
  const [, kind, argument] = /^([a-z\d]+)(?::(.*))?$/.exec(text) ?? [];
  if (kind === "raw") return parseRaw(argument ?? `${QUIET_MS_DEFAULT}ms`);
  if (argument === undefined) {
    if (kind === "length4" || kind === "line" || kind === "datagram") return { kind };
    if (kind === "header10") return { kind, countsCharacters: false };
    if (kind === "header10chars") return { kind: "header10", countsCharacters: true };
  }
  throw new PlainSpecError(
    `framing=${text} is none; there are length4, header10, header10chars, line, datagram, raw (raw:50ms: until it is quiet so long; raw:12: so many bytes)`,
  );
}

function parseRaw(argument: string): Framing {
  const [, digits, unit] = /^(\d{1,9})(ms)?$/.exec(argument) ?? [];
  const number = Number(digits);
  const isTime = unit !== undefined && number >= 1 && number <= QUIET_MS_MAX;
  if (isTime) return { kind: "raw", count: undefined, quietMs: number };
  if (unit === undefined && number >= 1 && number <= FRAME_BYTES_MAX) {
    return { kind: "raw", count: number, quietMs: QUIET_MS_DEFAULT };
  }
  throw new PlainSpecError(
    `framing=raw:${argument} is none; expected raw:50ms (quiet for so long ends a frame) or raw:12 (so many bytes are one)`,
  );
}

function parseDecoding(text: string): Decoding {
  const [, kind, argument] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? [];
  if (kind === "struct") return { kind, format: structFormatOf(argument ?? "") };
  if (kind === "file" && argument !== undefined && argument !== "")
    return { kind, folder: argument };
  if (kind === "text" && argument !== undefined) return patternOf(argument);
  const isAlone = argument === undefined;
  if (isAlone && (kind === "json" || kind === "cbor" || kind === "text")) return { kind };
  if (isAlone && (kind === "pickle" || kind === "none")) return { kind };
  throw new PlainSpecError(
    `decode=${text} is none; there are json, cbor, text, text:PATTERN, struct:FORMAT, pickle, file:FOLDER and none`,
  );
}

function structFormatOf(source: string) {
  const format = parseStructFormat(source);
  if (typeof format === "string") throw new PlainSpecError(`decode=struct:${source}: ${format}`);
  return format;
}

function patternOf(source: string): Decoding {
  const pattern = parsePattern(source);
  if (pattern !== undefined) return { kind: "pattern", pattern };
  throw new PlainSpecError(
    `decode=text:${source} has no values, or two side by side; expected a pattern such as text:T={temperature} H={humidity} {note:text}`,
  );
}

function parseAnswering(text: string): Answering {
  if (text === "none" || text === "echo" || text === "json") return { kind: text };
  const [, kind, content] = /^(text|raw):(.*)$/s.exec(text) ?? [];
  if (kind !== undefined) return { kind: "text", text: content!, isFramed: kind === "text" };
  throw new PlainSpecError(
    `answer=${text} is none; there are none, echo, json, text:TEXT (framed as the input is) and raw:TEXT (without a frame)`,
  );
}

function parseChannel(text: string): PlainChannel {
  const [, name = "", unit = ""] = /^(.*?)(?::([^:]*))?$/s.exec(text) ?? [];
  if (isName(name) && (unit === "" || isName(unit))) return { name, unit };
  throw new PlainSpecError(
    `channels=${text} is no name of 1 to 64 bytes; expected channels=temperature:Cel,humidity:%RH`,
  );
}

function parseAllowed(text: string): string {
  const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128)) return text;
  throw new PlainSpecError(
    `allow=${text} is no address; expected allow=192.168.4.7,192.168.5.0/24,fd00::/8`,
  );
}

function parseName(text: string): string {
  const isKnown = placeholdersOf(text).every((place) => /^(?:address|port|field:.+)$/.test(place));
  if (isKnown && isName(text)) return text;
  throw new PlainSpecError(
    `name=${text} is none; expected a name such as shed, lab-{address}, lab-{port} or lab-{field:id}`,
  );
}

function wholeNumber(key: string, text: string | undefined, value: number, most: number): number {
  if (text === undefined) return value;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
  throw new PlainSpecError(`${key}=${text} is none; expected a whole number from 1 to ${most}`);
}
