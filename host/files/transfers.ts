// Files between people on this computer and devices: spooled here on their way to one, kept in the
// device's folder on their way from one.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileNameFault } from "../../shared/blob/name.ts";
import { BlobFault } from "../../shared/blob/shelf.ts";
import type { BlobPurpose, BlobStatus } from "../../shared/errors.ts";
import { BLOB_BYTES_MAX } from "../../shared/limits.ts";
import type { BlobDesk, HandleEnd } from "../collector/blob-desk.ts";
import { deviceFolder } from "./device-folder.ts";
import { FileSource } from "./file-source.ts";

/** Beside the devices' folders; no device's can have this name (device-folder.ts). */
const SPOOL_FOLDER = ".spool";

const PROGRESS_PERIOD_MS = 200;

/** A file that somebody handed in. */
export interface Spooled {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface TransferOutcome {
  readonly status: BlobStatus;
  /** Under which the other side keeps it; "" where it does not. */
  readonly name: string;
  /** What happened, for people; "" where it is done. */
  readonly text: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** `total` 0 where nobody knows yet. */
export type HandleProgress = (done: number, total: number) => void;

export class Transfers {
  readonly #desk: BlobDesk;
  readonly #folder: string;

  /** `folder`: that of the devices' folders. What lies in its spool is of an earlier life, and removed. */
  constructor(desk: BlobDesk, folder: string) {
    this.#desk = desk;
    this.#folder = folder;
    rmSync(this.#spool, { recursive: true, force: true });
  }

  /** Keeps what comes until it is sent. Rejects with a BlobFault where it is too large. */
  async spool(body: Readable): Promise<Spooled> {
    mkdirSync(this.#spool, { recursive: true });
    const path = join(this.#spool, randomUUID());
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const measured = async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        sizeBytes += piece.length;
        if (sizeBytes > BLOB_BYTES_MAX) {
          throw new BlobFault("too-large", `at most ${BLOB_BYTES_MAX} bytes can be sent`);
        }
        hash.update(piece);
        yield piece;
      }
    };
    try {
      await pipeline(body, measured, createWriteStream(path));
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
    return { path, sizeBytes, sha256: hash.digest("hex") };
  }

  drop({ path }: Spooled): void {
    rmSync(path, { force: true });
  }

  /** Sends a spooled file to a device. Resolves when it is there, or known not to come. */
  async put(
    device: string,
    file: { readonly purpose: BlobPurpose; readonly name: string; readonly spooled: Spooled },
    handleProgress: HandleProgress,
  ): Promise<TransferOutcome> {
    const { purpose, name, spooled } = file;
    const { sizeBytes, sha256 } = spooled;
    const source = new FileSource(spooled.path);
    const begin = (handleEnd: HandleEnd) =>
      this.#desk.put(device, purpose, { name, source }, handleEnd);
    const { status, text } = await this.#wait(device, begin, handleProgress);
    const isDone = status === "done";
    return { status, name: isDone ? text : "", text: isDone ? "" : text, sizeBytes, sha256 };
  }

  /** Has a device send a file, which is then kept in the device's folder here. */
  async fetch(
    device: string,
    name: string,
    handleProgress: HandleProgress,
  ): Promise<TransferOutcome> {
    const begin = (handleEnd: HandleEnd) => this.#desk.get(device, "file", name, handleEnd);
    const { status, text } = await this.#wait(device, begin, handleProgress);
    if (status !== "done") return { status, name: "", text, sizeBytes: 0, sha256: "" };
    const hash = createHash("sha256");
    let sizeBytes = 0;
    for await (const piece of createReadStream(
      this.keptPath(device, text),
    ) as AsyncIterable<Buffer>) {
      hash.update(piece);
      sizeBytes += piece.length;
    }
    return { status, name: text, text: "", sizeBytes, sha256: hash.digest("hex") };
  }

  /** Where a device's file is here, if it is. Throws a BlobFault where the name is none of a file. */
  keptPath(device: string, name: string): string {
    const fault = fileNameFault(name);
    if (fault !== undefined) throw new BlobFault("refused", fault);
    return join(this.#folder, deviceFolder(device), name);
  }

  get #spool(): string {
    return join(this.#folder, SPOOL_FOLDER);
  }

  async #wait(
    device: string,
    begin: (handleEnd: HandleEnd) => number | undefined,
    handleProgress: HandleProgress,
  ): Promise<{ readonly status: BlobStatus; readonly text: string }> {
    let timer: NodeJS.Timeout | undefined;
    const ended = await new Promise<{ status: BlobStatus; text: string }>((resolve) => {
      const id = begin(resolve);
      if (id === undefined) resolve({ status: "busy", text: "too many files wait already" });
      timer = setInterval(() => {
        const view = this.#desk.views(device).find((each) => each.id === id);
        if (view !== undefined) handleProgress(view.doneBytes, view.sizeBytes ?? 0);
      }, PROGRESS_PERIOD_MS);
    });
    clearInterval(timer);
    return ended;
  }
}
