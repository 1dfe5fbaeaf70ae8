// docs/PROTOCOL.md against vectors and code: its examples are vectors, its limits are the code's.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CODE_LENGTHS } from "../../shared/batch/codes.ts";
import { GAINS, SLOPE_GAINS } from "../../shared/batch/predictor.ts";
import { CHANNEL_KINDS } from "../../shared/channel.ts";
import {
  BLOB_STATUSES,
  BYE_REASONS,
  COMMAND_STATUSES,
  GAP_REASONS,
  REFUSAL_CODES,
} from "../../shared/errors.ts";
import * as limits from "../../shared/limits.ts";
import { MESSAGE_CODES } from "../../shared/message/message.ts";
import { DENIALS, KNOCK_BYTES, SEAL_BYTES_MAX } from "../../shared/seal/seal-message.ts";
import { readVectors } from "./notation.ts";

const TEXT = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");

/** The text of section `number`, up to the next heading. */
function section(number: string): string {
  const [, behind] = TEXT.split(new RegExp(`^#+ ${number.replace(".", "\\.")} .*$`, "m"));
  return behind!.split(/^#+ /m)[0]!;
}

/** Rows of the tables in `text`, without heads and backquotes. */
function rows(text: string): string[][] {
  return [...text.matchAll(/^\|(.*)\|$/gm)]
    .map(([, line]) => line!.split("|").map((cell) => cell.trim()))
    .filter(([first]) => !/^-+$/.test(first!));
}

/** The bytes of a block: on each line the hexadecimal at its beginning, before the words. */
function blockBytes(text: string): string {
  const [, block] = text.split("```");
  return block!
    .split("\n")
    .filter((line) => !line.startsWith("hash"))
    .map((line) => /^(\s*([0-9a-f]{2})+(?=\s|$))*/.exec(line)![0].replace(/\s/g, ""))
    .join("");
}

function hexOfBits(bits: string): string {
  return (bits.match(/.{1,8}/g) ?? [])
    .map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2).toString(16).padStart(2, "0"))
    .join("");
}

function vectorHex(file: string, name: string): string {
  return readVectors(file).find((vector) => vector.name === name)!.hex;
}

describe("examples", () => {
  test.each([
    ["4.2", "messages", "hello"],
    ["4.3", "messages", "welcome"],
    ["4.14", "messages", "blob: an offer"],
    ["5.2", "schemas", "one channel"],
  ])("block of section %s", (number, file, name) => {
    expect(blockBytes(section(number))).toBe(vectorHex(file, name));
  });

  test("a batch, section 6.8: bytes, then bits, then all of it", () => {
    const [, head, , text] = section("6.8").split("```");
    const lines = text!.split("\n").map((line) => /^ *(?:[01]+ *)*/.exec(line)![0]);
    const bits = lines.join("").replaceAll(" ", "");
    const hex = blockBytes(`\`\`\`${head}\`\`\``) + hexOfBits(bits);
    expect(hex).toBe(vectorHex("batches", "the example of PROTOCOL 6.8"));
    expect(section("6.8")).toContain(`${-bits.length & 7} bits of zero: \`${hex}\``);
  });

  test("codes and predictors, section 6.3", () => {
    const words = rows(section("6.3"))
      .filter(([, lengths]) => /^`\d+`$/.test(lengths!))
      .map(([, lengths]) => lengths!.replaceAll("`", ""));
    expect(words).toEqual(CODE_LENGTHS);
    const [gains, slopeGains] = rows(section("6.3"))
      .filter(([name]) => name!.endsWith("gain"))
      .map(([, ...numbers]) => numbers.map(Number));
    expect([gains, slopeGains]).toEqual([GAINS, SLOPE_GAINS]);
  });

  test.each([
    ["4.4", "refuse: schema"],
    ["4.5", "schema"],
    ["4.5", "want"],
    ["4.6", "batch"],
    ["4.7", "gap"],
    ["4.8", "ack: with a bitmap"],
    ["4.9", "ping"],
    ["4.10", "bye: busy"],
    ["4.11", "command"],
    ["4.11", "result"],
    ["4.11", "progress"],
    ["4.15", "blob-end: done"],
    ["4.16", "chunk"],
    ["4.17", "chunk-ack"],
  ])("in line, section %s: %s", (number, name) => {
    const inLine = section(number)
      .replace("`, then `", "")
      .replaceAll(" ", "")
      .replaceAll("\n", "");
    const hex = vectorHex("messages", name);
    expect(inLine).toContain(name === "batch" ? hex : `\`${hex}\``);
  });

  test("frames", () => {
    const spaced = (text: string) => text.replaceAll(" ", "");
    expect(spaced(section("3.2"))).toContain(vectorHex("frames-stream", "one message"));
    expect(spaced(section("3.3"))).toContain(vectorHex("frames-serial", "one message"));
    const datagram = vectorHex("frames-datagram", "a message with a token before it");
    expect(spaced(section("3.4"))).toContain(datagram);
  });
});

describe("tables", () => {
  test("limits: every one, with the code's value", () => {
    const stated = rows(section("9")).slice(1);
    const values = stated.map(([name, value]) => [
      name,
      value === "2^32 - 1" ? 2 ** 32 - 1 : Number(value!.replaceAll(",", "")),
    ]);
    const { PROTOCOL_VERSION, ...bounds } = limits;
    expect(Object.fromEntries(values)).toEqual(bounds);
    expect(TEXT).toContain(`version ${PROTOCOL_VERSION}\n`);
  });

  test("codes, in the order of the wire", () => {
    const stated = rows(section("8")).filter(([number]) => number !== "number");
    const names = [
      ...REFUSAL_CODES,
      ...BYE_REASONS,
      ...GAP_REASONS,
      ...COMMAND_STATUSES,
      ...BLOB_STATUSES,
    ];
    expect(stated.map(([, name]) => name)).toEqual(names);
  });

  test("the seal: lengths, and reasons in the order of the wire", () => {
    const [, reasons] = section("11.6").split("| reason | name");
    expect(rows(reasons!).map(([, name]) => name)).toEqual(DENIALS);
    expect(section("11.2")).toContain(`${KNOCK_BYTES} bytes`);
    expect(section("11.4")).toContain(`22 to ${SEAL_BYTES_MAX} bytes`);
  });

  test("messages", () => {
    const stated = rows(section("4")).slice(1);
    expect(Object.fromEntries(stated.map(([code, name]) => [name, Number(code)]))).toEqual(
      MESSAGE_CODES,
    );
  });

  test("kinds, in the order of the wire", () => {
    const stated = rows(section("5.1")).slice(1);
    expect(stated.map(([, name]) => name)).toEqual(CHANNEL_KINDS);
  });
});

test("every section that code cites is there", () => {
  const cited = new Set(
    ["limits", "errors", "outbox", "channel", "message/message", "message/cbor", "session/link"]
      .map((name) => readFileSync(new URL(`../../shared/${name}.ts`, import.meta.url), "utf8"))
      .flatMap((text) => [...text.matchAll(/PROTOCOL (\d+(?:\.\d+)?)/g)].map((match) => match[1]!)),
  );
  for (const number of cited)
    expect(TEXT).toMatch(new RegExp(`^#+ ${number.replace(".", "\\.")} `, "m"));
});
