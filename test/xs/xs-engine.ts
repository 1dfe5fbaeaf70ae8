// Runs scripts on XS 13.3, the engine family of the firmware, in a worker process of @agoric/xsnap,
// and reports what each call cost in meter steps. It drives the worker's binary directly: netstrings
// on descriptors 3 (to the worker) and 4 (from it), as xsnap-native/xsnap/sources/xsnap-worker.c of
// @agoric/xsnap 0.15.0 has it. It knows nothing of Senda or vitest, so benches use it too.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** What one call cost, all of it measured inside the worker. */
export interface Usage {
  /**
   * Meter steps of this call, parsing not counted. The same script on the same state gives the same
   * number. A call that does nothing takes 18 as a command and 30 as a script.
   */
  compute: number;
  /** Bytes the engine has reserved since its start: only grows, in strides of megabytes, from 42 MB. */
  allocate: number;
  /**
   * Heap slots in use after the call, 32 bytes each here and 16 on an ESP32. Garbage counts until it
   * is collected: evaluate `gc();` first to see what stays.
   */
  currentHeapCount: number;
  /** Wall time in microseconds, without that of host calls; too low after more than 250 of these. */
  durationUs: number;
}

export interface CommandResult {
  /** What `handleCommand` returned, the caller's to keep; empty when it returned no ArrayBuffer. */
  reply: Uint8Array;
  usage: Usage;
}

export interface XsEngineOptions {
  /** Meter steps one call may take before the worker exits, 1 to 2 ** 31 - 1. */
  meteringLimit?: number;
  /** Answers `issueCommand(arrayBuffer)` in the engine. What it throws is an exception there. */
  onHostCall?: (bytes: Uint8Array) => Uint8Array;
}

/**
 * Why a call failed. After "exception" the engine goes on; after every other one it is gone.
 * "memory", "stack", "keys" and "meter" are XS's own limits; "died" is any other end of the worker.
 */
export type XsFailure =
  | "not-installed"
  | "exception"
  | "memory"
  | "stack"
  | "keys"
  | "meter"
  | "died"
  | "closed";

export class XsError extends Error {
  override readonly name = "XsError";
  readonly code: XsFailure;

  constructor(code: XsFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** Named in skip reasons and errors, so that whoever reads one knows what to do. */
export const XS_INSTALL_COMMAND = "npm ci --prefix test/xs";

/** xsnap's own default. A plain loop takes 0.3 s for it on a desktop, so that an endless one ends. */
const METERING_LIMIT_DEFAULT = 1e8;

/** The worker reads its limit with atoi. */
const METERING_LIMIT_MAX = 2 ** 31 - 1;

/** `enum ExitCode` in xsnap-worker.c; all other codes are "died". */
const EXITS: Record<number, { code: XsFailure; text: string }> = {
  11: { code: "memory", text: "out of memory" },
  12: { code: "stack", text: "stack overflow" },
  16: { code: "keys", text: "out of property keys" },
  17: { code: "meter", text: "more meter steps than meteringLimit allows" },
};

/** Directory names in the build tree of xsnap; it builds on no other platform. */
const PLATFORM_FOLDERS: Partial<Record<NodeJS.Platform, string>> = { linux: "lin", darwin: "mac" };

/** Returns the path of the compiled worker, or undefined where it is not installed. */
export function xsWorkerPath(): string | undefined {
  const folder = PLATFORM_FOLDERS[process.platform];
  if (folder === undefined) return undefined;
  const build = new URL("node_modules/@agoric/xsnap/xsnap-native/xsnap/build/", import.meta.url);
  const path = fileURLToPath(new URL(`bin/${folder}/release/xsnap-worker`, build));
  return existsSync(path) ? path : undefined;
}

type Outcome =
  | { ok: true; body: Buffer }
  | { ok: false; code: XsFailure; text: string; cause?: unknown };

interface Call {
  kind: "R" | "e" | "?";
  payload: Uint8Array;
  resolve: (outcome: Outcome) => void;
}

/**
 * One engine in one worker process. Calls run one at a time, in the order they were made, and each
 * settles: with a result, or with an XsError that says what happened. `print()` and unhandled
 * rejections in the engine go to this process's stdout and stderr.
 */
export class XsEngine {
  readonly #worker: ChildProcess;
  readonly #toWorker: Writable;
  readonly #fromWorker = new NetstringReader();
  readonly #onHostCall: XsEngineOptions["onHostCall"];
  readonly #ended: Promise<void>;
  /** The first is with the worker, which reads host-call answers from the same pipe: the rest wait. */
  readonly #calls: Call[] = [];
  #hostCallError: unknown;
  #closing = false;
  #end: Outcome | undefined;

  private constructor(path: string, options: XsEngineOptions) {
    const { meteringLimit = METERING_LIMIT_DEFAULT, onHostCall } = options;
    assert(Number.isInteger(meteringLimit), "meteringLimit is a whole number of steps");
    assert(meteringLimit >= 1 && meteringLimit <= METERING_LIMIT_MAX, "meteringLimit out of range");
    this.#onHostCall = onHostCall;
    // Of the environment, TZ would change results and XSBUG_HOST would make XS look for its debugger.
    this.#worker = spawn(path, ["-l", `${meteringLimit}`], {
      env: { TZ: "UTC" },
      stdio: ["ignore", "inherit", "inherit", "pipe", "pipe"],
    });
    this.#ended = new Promise((resolve) => this.#watchWorker(resolve));
    this.#toWorker = this.#worker.stdio[3] as Writable;
    this.#toWorker.on("error", () => {}); // the worker is gone; its exit tells why
    const replies = this.#worker.stdio[4] as Readable;
    replies.on("data", (chunk: Buffer) => this.#handleBytes(chunk));
  }

  /** Resolves when the engine answers. Throws an XsError when it is not installed or does not start. */
  static async start(options: XsEngineOptions = {}): Promise<XsEngine> {
    const path = xsWorkerPath();
    if (path === undefined) {
      throw new XsError("not-installed", `the XS engine is not installed: ${XS_INSTALL_COMMAND}`);
    }
    const engine = new XsEngine(path, options);
    takeBody(await engine.#call("R", new Uint8Array()));
    return engine;
  }

  /** Runs a script (not a module) in the global scope, then its promise jobs and immediates. */
  async evaluate(script: string): Promise<Usage> {
    return parseReply(takeBody(await this.#call("e", Buffer.from(script)))).usage;
  }

  /**
   * Calls `globalThis.handleCommand(arrayBuffer)`, which a script has set and which returns an
   * ArrayBuffer or undefined. A typed array or a promise is neither: the reply is empty then.
   */
  async command(bytes: Uint8Array): Promise<CommandResult> {
    return parseReply(takeBody(await this.#call("?", bytes)));
  }

  /** Ends the worker, whatever it is doing; outstanding calls reject with code "closed". */
  async close(): Promise<void> {
    this.#closing = true;
    this.#worker.kill("SIGKILL"); // it holds nothing worth an orderly end, and may be in a long loop
    await this.#ended;
  }

  #call(kind: Call["kind"], payload: Uint8Array): Promise<Outcome> {
    if (this.#end !== undefined) return Promise.resolve(this.#end);
    return new Promise((resolve) => {
      this.#calls.push({ kind, payload, resolve });
      if (this.#calls.length === 1) this.#sendFirstCall();
    });
  }

  #sendFirstCall(): void {
    const [call] = this.#calls;
    if (call === undefined) return;
    this.#hostCallError = undefined;
    this.#write(call.kind, call.payload);
  }

  #write(kind: string, payload: Uint8Array): void {
    const head = Buffer.from(`${payload.length + 1}:${kind}`);
    this.#toWorker.write(Buffer.concat([head, payload, Buffer.from(",")]));
  }

  #handleBytes(chunk: Buffer): void {
    for (const message of this.#fromWorker.read(chunk)) {
      this.#handleMessage(message.toString("latin1", 0, 1), message.subarray(1));
    }
  }

  #handleMessage(kind: string, body: Buffer): void {
    if (kind === "?") this.#answerHostCall(body);
    else if (kind === ".") this.#finishCall({ ok: true, body });
    else {
      assert.equal(kind, "!", "a message kind of xsnap-worker.c");
      const text = `exception in the XS engine: ${body}`;
      this.#finishCall({ ok: false, code: "exception", text, cause: this.#hostCallError });
    }
  }

  #answerHostCall(bytes: Buffer): void {
    try {
      if (this.#onHostCall === undefined) throw new Error("issueCommand() without onHostCall");
      this.#write("/", this.#onHostCall(new Uint8Array(bytes)));
    } catch (error) {
      this.#hostCallError = error;
      this.#write("!", new Uint8Array()); // any kind but "/" makes issueCommand() throw in the engine
    }
  }

  #finishCall(outcome: Outcome): void {
    this.#calls.shift()?.resolve(outcome);
    this.#sendFirstCall();
  }

  #watchWorker(ended: () => void): void {
    const finish = (code: XsFailure, text: string, cause?: unknown) => {
      this.#end ??= { ok: false, code, text, cause };
      for (const call of this.#calls.splice(0)) call.resolve(this.#end);
      ended();
    };
    this.#worker.once("error", (cause) => finish("died", "the XS engine did not start", cause));
    this.#worker.once("close", (exitCode, signal) => {
      if (this.#closing) return finish("closed", "the XS engine was closed");
      const how = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
      const { code, text } = EXITS[exitCode ?? -1] ?? { code: "died", text: "cause unknown" };
      finish(code, `the XS engine ended: ${text} (${how})`);
    });
  }
}

/** Throws here and not where the worker's bytes arrive, so that the stack shows who made the call. */
function takeBody(outcome: Outcome): Buffer {
  if (!outcome.ok) throw new XsError(outcome.code, outcome.text, outcome.cause);
  return outcome.body;
}

/** `fxWriteOkay` in xsnap-worker.c: usage as JSON, the byte 1, the reply. */
function parseReply(body: Buffer): CommandResult {
  const separator = body.indexOf(1);
  const { compute, allocate, currentHeapCount, timestamps } = JSON.parse(
    body.toString("latin1", 0, separator),
  );
  const durationUs = runningUs(timestamps);
  const usage = { compute, allocate, currentHeapCount, durationUs };
  return { reply: new Uint8Array(body.subarray(separator + 1)), usage };
}

/** Stamps are Unix seconds: where the call starts, around each host call, where the call ends. */
function runningUs(timestamps: readonly number[]): number {
  let seconds = 0;
  for (let i = 0; i + 1 < timestamps.length; i += 2) seconds += timestamps[i + 1] - timestamps[i];
  return Math.round(seconds * 1e6);
}

/** Cuts a byte stream into netstrings, `<length in decimal>:<bytes>,`. */
class NetstringReader {
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #wantedBytes = 1;

  /** Returns the messages that this chunk completes, as views into memory that nobody else writes. */
  read(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#wantedBytes) return [];
    const messages: Buffer[] = [];
    let rest = Buffer.concat(this.#chunks);
    for (let end = messageEnd(rest); end < rest.length; end = messageEnd(rest)) {
      messages.push(rest.subarray(rest.indexOf(":") + 1, end));
      rest = rest.subarray(end + 1);
    }
    this.#chunks = [rest];
    this.#heldBytes = rest.length;
    this.#wantedBytes = messageEnd(rest) + 1;
    return messages;
  }
}

/** The index of the first message's closing comma, past the end while the message is incomplete. */
function messageEnd(bytes: Buffer): number {
  const colon = bytes.indexOf(":");
  if (colon === -1) return bytes.length;
  const end = colon + 1 + Number(bytes.toString("latin1", 0, colon));
  assert(end >= bytes.length || bytes[end] === 0x2c, "a netstring ends with a comma");
  return end;
}
