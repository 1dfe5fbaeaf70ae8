// `senda plain send`: speaks to servers that do not speak our protocol, in their framing.

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { type Address, parseAddress, type SerialAddress } from "../../links/address.ts";
import { AnswerReader } from "../../plain/client/answer-reader.ts";
import {
  type Connection,
  connectSerial,
  connectTcp,
  connectUdp,
} from "../../plain/client/connection.ts";
import { fillIn } from "../../plain/client/fill-in.ts";
import { encodePickle } from "../../plain/client/pickle-encoder.ts";
import { packTexts } from "../../plain/decode/struct.ts";
import { parseStructFormat, type StructFormat } from "../../plain/decode/struct-format.ts";
import { type Framing, frameOf } from "../../plain/framing/framing.ts";
import { PlainSpecError, parseFraming } from "../../plain/input-parser.ts";
import { printableLines } from "../../terminal/printable.ts";
import { serialAddresses, wholeNumber } from "../arguments.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";

interface SendFlags {
  readonly to?: Address;
  readonly udp?: true;
  readonly serial?: readonly SerialAddress[];
  readonly framing?: Framing;
  readonly answerFraming?: Framing;
  readonly file?: string;
  readonly json?: string;
  readonly struct?: StructFormat;
  readonly pickle?: string;
  readonly repeat: number;
  readonly every: number;
  readonly wait: number;
}

const REPEAT_MAX = 1_000_000;

export function plainCommand(): Command {
  return new Command("plain")
    .description("Speaks to servers and devices that do not speak Senda's protocol.")
    .addCommand(sendCommand());
}

function sendCommand(): Command {
  return new Command("send")
    .description("Sends a message, and prints the answer.")
    .argument("[text...]", "what to send; with --struct, its values")
    .option("--to <host:port>", "the server", hostAndPort)
    .option("--udp", "by UDP instead of TCP")
    .option("--serial <path[@baud]>", "by a serial port instead", serialAddresses)
    .option(
      "--framing <framing>",
      "length4, header10, header10chars, line, datagram or raw (default: line; datagram with --udp)",
      framing,
    )
    .option("--answer-framing <framing>", "where the answer comes in another one", framing)
    .option("--file <path>", "send a file's contents")
    .option("--json <value>", "send JSON, after checking that it is")
    .option(
      "--struct <format>",
      "send values packed as Python's struct does, e.g. '>iii'",
      structFormat,
    )
    .option("--pickle <json>", "send a JSON value as a Python pickle")
    .option("--repeat <count>", "send so many messages", wholeNumber(1, REPEAT_MAX), 1)
    .option("--every <ms>", "milliseconds between them", wholeNumber(0, 86_400_000), 1_000)
    .option(
      "--wait <ms>",
      "how long to wait for each answer; 0 for not at all",
      wholeNumber(0, 600_000),
      2_000,
    )
    .addHelpText(
      "after",
      `
In a text, JSON or values, {n} is the number of the message, {random} a number from 0 to 100,
{random:20:30} one within these, {time} the time. Values below zero go behind "--".

Examples:
  $ senda plain send --to localhost:8080 --framing length4 "Hola"
  $ senda plain send --to [::1]:65432 --framing raw "Hola, mundo"
  $ senda plain send --to 127.0.0.1:5005 --udp --struct '>iii' -- 1 -2 {random:0:9}
  $ senda plain send --to 127.0.0.1:5005 --json '{"t":{random:20.0:30.0}}' --repeat 10 --every 1000
  $ senda plain send --to 127.0.0.1:9000 --framing length4 --answer-framing raw --file photo.jpg`,
    )
    .action(send);
}

async function send(texts: readonly string[], flags: SendFlags): Promise<void> {
  const { repeat, every, wait } = flags;
  const used = flags.framing ?? { kind: flags.udp ? ("datagram" as const) : ("line" as const) };
  const answers = new AnswerReader(flags.answerFraming ?? used);
  const messageAt = await messageSource(texts, flags);
  const first = messageAt(1);
  const connection = await openConnection(flags, answers);
  try {
    for (let n = 1; n <= repeat; n++) {
      if (n > 1) await sleep(every);
      await connection.send(frameOf(used, n === 1 ? first : messageAt(n)));
      if (wait > 0 && !(await printAnswer(answers, wait))) break;
    }
  } finally {
    await connection.close();
  }
}

/** False where no answer can come any more. */
async function printAnswer(answers: AnswerReader, waitMs: number): Promise<boolean> {
  const answer = await answers.next(waitMs);
  if (typeof answer !== "string") process.stdout.write(`${shown(answer)}\n`);
  else if (answer === "late") {
    process.stderr.write(`senda: sent; no answer came within ${waitMs} ms\n`);
  } else process.stderr.write("senda: sent; the server closed the connection without an answer\n");
  return answer !== "ended";
}

function openConnection(
  { to, udp, serial, framing: used }: SendFlags,
  answers: AnswerReader,
): Promise<Connection> {
  if ((to === undefined) === (serial === undefined)) {
    throw new CommandFailure("plain send: say where to with either --to or --serial", EXIT_USAGE);
  }
  if (serial !== undefined) return connectSerial(serial.at(-1)!, answers);
  if (used?.kind === "datagram" && !udp) {
    throw new CommandFailure("plain send: --framing datagram needs --udp", EXIT_USAGE);
  }
  return udp ? connectUdp(to!, answers) : connectTcp(to!, answers);
}

/** Makes the message with a given number. Throws a CommandFailure, at the first one, where it cannot be. */
async function messageSource(
  texts: readonly string[],
  { file, json, struct, pickle }: SendFlags,
): Promise<(n: number) => Uint8Array> {
  const contents = [file, json, struct, pickle].filter((given) => given !== undefined);
  const others = struct === undefined && texts.length > 0 ? 1 : 0; // with a struct, the texts are its values
  if (contents.length + others !== 1) throw new CommandFailure(WHAT_TO_SEND, EXIT_USAGE);
  const filled = (text: string, n: number) =>
    fillIn(text, { n, nowMs: Date.now(), random: Math.random });
  if (file !== undefined) {
    const bytes = await fileBytes(file);
    return () => bytes;
  }
  if (json !== undefined) return (n) => Buffer.from(checkedJson(filled(json, n)).text);
  if (pickle !== undefined) return (n) => encodePickle(checkedJson(filled(pickle, n)).value);
  if (struct !== undefined)
    return (n) =>
      packed(
        struct,
        texts.map((text) => filled(text, n)),
      );
  return (n) => Buffer.from(filled(texts.join(" "), n));
}

const WHAT_TO_SEND =
  "plain send: say what to send: a text, or one of --file, --json, --struct with its values, --pickle";

async function fileBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CommandFailure(`plain send: ${path} cannot be read: ${(error as Error).message}`);
  }
}

function checkedJson(text: string): { readonly text: string; readonly value: unknown } {
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    const why = (error as Error).message;
    throw new CommandFailure(`plain send: this is not JSON: ${text} (${why})`, EXIT_USAGE);
  }
}

function packed(format: StructFormat, texts: readonly string[]): Uint8Array {
  const bytes = packTexts(format, texts);
  if (typeof bytes === "string") throw new CommandFailure(`plain send: ${bytes}`, EXIT_USAGE);
  return bytes;
}

/** An answer for people: text where it is text, else its bytes. */
function shown(answer: Uint8Array): string {
  const text = Buffer.from(answer).toString("utf8");
  const isText = !/[^\P{Cc}\t\n\r]|\ufffd/u.test(text);
  return isText
    ? printableLines(text)
    : `${answer.length} bytes: ${Buffer.from(answer).toString("hex")}`;
}

function hostAndPort(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined && address.port > 0) return address;
  throw new InvalidArgumentError("Expected HOST:PORT such as localhost:8080 or [::1]:8080.");
}

function framing(text: string): Framing {
  try {
    return parseFraming(text);
  } catch (error) {
    if (error instanceof PlainSpecError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

function structFormat(text: string): StructFormat {
  const format = parseStructFormat(text);
  if (typeof format === "string") throw new InvalidArgumentError(`${format}.`);
  return format;
}
