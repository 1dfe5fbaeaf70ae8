// The control API of a collector that runs elsewhere on this computer, as the command line uses it.

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { BlobPurpose } from "../../shared/errors.ts";
import type { HandleProgress, TransferOutcome } from "../files/transfers.ts";
import { type Address, formatAddress } from "../links/address.ts";
import type { JsonValue } from "../store/value.ts";
import type { Courier, Errand, Outcome } from "./courier.ts";

/** A device as far as the command line asks for it; the API tells more (docs/HTTP.md). */
export interface KnownDevice {
  readonly name: string;
  /** Kinds of the links that are open, e.g. ["tcp"]. */
  readonly links: readonly string[];
  /** ISO 8601, UTC; null where the store has nothing of it yet. */
  readonly lastSeen: string | null;
}

/** What a collector says of itself, as far as the command line asks for it. */
export interface CollectorStatus {
  readonly store: { readonly file: string };
  /** Since it started. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What the collector would not, or could not; its text is for the user. */
export class ControlError extends Error {
  override name = "ControlError";
}

export class ControlClient {
  readonly #where: string;

  constructor(address: Address) {
    this.#where = formatAddress(address);
  }

  /** All devices that the collector knows. Rejects with a ControlError. */
  async devices(): Promise<readonly KnownDevice[]> {
    return (await (await this.#ask("/api/devices")).json()) as KnownDevice[];
  }

  /** What the collector says of itself; undefined where none answers in time. */
  async status(withinMs: number): Promise<CollectorStatus | undefined> {
    try {
      const response = await this.#ask("/api/status", { signal: AbortSignal.timeout(withinMs) });
      return (await response.json()) as CollectorStatus;
    } catch {
      return undefined;
    }
  }

  /** The commands of a device, as it describes them. Rejects with a ControlError. */
  async commands(device: string): Promise<readonly JsonValue[]> {
    return (await (await this.#ask(commandsPath(device))).json()) as JsonValue[];
  }

  /** Carries commands to this device; rejects with a ControlError where the collector does not take one. */
  courierTo(device: string): Courier {
    return (errand) => this.#run(device, errand);
  }

  /** Sends a file of this computer to a device. Rejects with a ControlError where the collector does not take it. */
  async putFile(
    device: string,
    file: { readonly purpose: BlobPurpose; readonly name: string; readonly path: string },
    handleProgress: HandleProgress,
  ): Promise<TransferOutcome> {
    const response = await this.#ask(`${filePath(device, file.name)}?purpose=${file.purpose}`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: Readable.toWeb(createReadStream(file.path)) as ReadableStream<Uint8Array>,
      duplex: "half",
    });
    return this.#readTransfer(response, handleProgress);
  }

  /** Has a device send a file to the collector. Rejects as `putFile` does. */
  async fetchFile(
    device: string,
    name: string,
    handleProgress: HandleProgress,
  ): Promise<TransferOutcome> {
    const response = await this.#ask(`${filePath(device, name)}/fetch`, { method: "POST" });
    return this.#readTransfer(response, handleProgress);
  }

  /** The bytes of a device's file that the collector keeps. Rejects with a ControlError. */
  async keptFile(device: string, name: string): Promise<Readable> {
    const response = await this.#ask(filePath(device, name));
    return Readable.fromWeb(response.body as ReadableStream);
  }

  async #readTransfer(
    response: Response,
    handleProgress: HandleProgress,
  ): Promise<TransferOutcome> {
    const errand = { handleProgress };
    const outcome = await readOutcome<TransferOutcome>(response, errand).catch((cause: unknown) => {
      throw this.#cutTransfer(cause);
    });
    if (outcome === undefined) throw this.#cutTransfer(undefined);
    return outcome;
  }

  #cutTransfer(cause: unknown): ControlError {
    const text = `the collector at HTTP ${this.#where} stopped before the file was there: start it and give the same command again, it goes on where it was`;
    return new ControlError(text, { cause });
  }

  async #run(device: string, errand: Errand): Promise<Outcome> {
    const { name, arguments: given, withinMs, awayMsMax } = errand;
    const response = await this.#ask(commandsPath(device), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, arguments: given, withinMs, awayMsMax }),
    });
    const outcome = await readOutcome<Outcome>(response, errand).catch((error: unknown) => {
      throw this.#cutOff(error);
    });
    if (outcome === undefined) throw this.#cutOff(undefined);
    return outcome;
  }

  async #ask(path: string, init?: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`http://${this.#where}${path}`, init);
    } catch (cause) {
      const text = `no collector answers at HTTP ${this.#where}: start one with \`senda collect\`, or say where it is with --http ADDR:PORT (it tells when it starts)`;
      throw new ControlError(text, { cause });
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    throw new ControlError(
      problem.detail ?? `the collector answers with status ${response.status}`,
    );
  }

  #cutOff(cause: unknown): ControlError {
    const text = `the collector at HTTP ${this.#where} stopped before the answer came: the command may or may not have run`;
    return new ControlError(text, { cause });
  }
}

function filePath(device: string, name: string): string {
  return `/api/devices/${encodeURIComponent(device)}/files/${encodeURIComponent(name)}`;
}

function commandsPath(device: string): string {
  return `/api/devices/${encodeURIComponent(device)}/commands`;
}

/** One JSON object a line; the last is the result. Undefined where none comes. */
async function readOutcome<T>(
  response: Response,
  errand: Pick<Errand, "handleSent" | "handleProgress">,
): Promise<T | undefined> {
  const lines = createInterface(Readable.fromWeb(response.body as ReadableStream));
  let outcome: T | undefined;
  for await (const line of lines) {
    const { event, ...rest } = JSON.parse(line) as { event: string };
    if (event === "sent") errand.handleSent?.();
    if (event === "progress") {
      const { done, total } = rest as unknown as { done: number; total: number };
      errand.handleProgress?.(done, total);
    }
    if (event === "result") outcome = rest as T;
  }
  return outcome;
}
