// A simulated machine's two slots for firmware, and its boot record: files, so that they outlive the
// process. An image is any file whose first line is "senda-image" and a version; where the next line is
// "crashes" it does, at its start. As with a board's boot
// loader, a start may change the record: what was to start next is on trial, and what was on trial and
// not confirmed is given up for what ran before.

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { BootControl, UpdateMachine, UpdateSlot } from "../../../device/update/machine.ts";
import { nodeUpdateCrypto } from "./update-crypto.ts";

/** Half of a board's 4 MB of flash, less what else is in it. */
const SLOT_BYTES = 1_900_544;

const FIRST_LINE = /^senda-image (.+)\n/;

const CRASHING = /^senda-image .+\ncrashes\n/;

type SlotName = "a" | "b";

interface BootRecord {
  readonly running: SlotName;
  /** What to start next. */
  readonly next?: SlotName;
  /** What ran before; there while `running` is on trial. */
  readonly former?: SlotName;
}

export interface FileSlotsOptions {
  readonly folder: string;
  /** Of the firmware that is there before any update. */
  readonly factoryVersion: string;
  /** Starts the machine anew. */
  readonly restart: () => void;
  /** Called before each change to a file: it may throw, as if the power had been cut. */
  readonly beforeWrite?: () => void;
}

/** The machine from one start to the next: making it is the start. Throws the system's error where `folder` cannot be written. */
export class FileSlots implements UpdateMachine, BootControl {
  readonly crypto = nodeUpdateCrypto;
  readonly boot: BootControl = this;
  readonly #options: FileSlotsOptions;
  #record: BootRecord;

  constructor(options: FileSlotsOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    this.#record = this.#readRecord();
    const { running, next, former } = this.#record;
    if (next !== undefined) this.#writeRecord({ running: next, former: running });
    else if (former !== undefined) this.#writeRecord({ running: former });
  }

  /** Of the image that runs. */
  get version(): string {
    const path = this.#pathOf(this.#record.running);
    if (!existsSync(path)) return this.#options.factoryVersion;
    return FIRST_LINE.exec(readFileSync(path, "latin1"))?.[1] ?? "unknown";
  }

  /** The image that runs ends before it did anything. */
  get isCrashing(): boolean {
    const path = this.#pathOf(this.#record.running);
    return existsSync(path) && CRASHING.test(readFileSync(path, "latin1"));
  }

  get isOnTrial(): boolean {
    return this.#record.former !== undefined;
  }

  confirm(): void {
    this.#writeRecord({ running: this.#record.running });
  }

  rollBack(): void {
    const { former } = this.#record;
    if (former === undefined) return;
    this.#writeRecord({ running: former });
    this.#options.restart();
  }

  openSlot(): UpdateSlot {
    const { running } = this.#record;
    const name = running === "a" ? "b" : "a";
    const complete = () => this.#writeRecord({ running, next: name });
    return new FileSlot(this.#pathOf(name), complete, () => this.#options.beforeWrite?.());
  }

  #pathOf(name: SlotName): string {
    return join(this.#options.folder, `slot-${name}.image`);
  }

  get #recordPath(): string {
    return join(this.#options.folder, "boot.json");
  }

  #readRecord(): BootRecord {
    if (!existsSync(this.#recordPath)) return { running: "a" };
    return JSON.parse(readFileSync(this.#recordPath, "utf8"));
  }

  /** The old record or the new one, never half of it. */
  #writeRecord(record: BootRecord): void {
    const draft = `${this.#recordPath}.new`;
    this.#options.beforeWrite?.();
    writeFileSync(draft, JSON.stringify(record));
    this.#options.beforeWrite?.();
    renameSync(draft, this.#recordPath);
    this.#record = record;
  }
}

class FileSlot implements UpdateSlot {
  readonly bytesMax = SLOT_BYTES;
  readonly #path: string;
  readonly #setNext: () => void;
  readonly #beforeWrite: () => void;
  #file: number | undefined;

  constructor(path: string, setNext: () => void, beforeWrite: () => void) {
    this.#path = path;
    this.#setNext = setNext;
    this.#beforeWrite = beforeWrite;
  }

  begin(): void {
    this.#beforeWrite();
    this.#file = openSync(this.#path, "w");
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#beforeWrite();
    writeSync(this.#file!, bytes, 0, bytes.length, offset);
  }

  complete(): void {
    this.abort();
    this.#setNext();
  }

  abort(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
