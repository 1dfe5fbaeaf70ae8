// The firmware, put together: sensors -> sampler -> batcher -> outbox (-> flash) -> session -> uplink.
// Runs alike on a board and in the simulator; everything of the machine comes in through `Platform`.
//
// One run-to-completion loop: whatever wakes it (a timer, a link) does all that is due and then arms
// one timer for what is due next.

import { type BlobEvent, BlobExchange } from "../shared/blob/exchange.ts";
import { type BlobShelf, NO_SHELF } from "../shared/blob/shelf.ts";
import { type Channel, encodeSchema, schemaHash } from "../shared/channel.ts";
import type { BlobPurpose } from "../shared/errors.ts";
import { Outbox } from "../shared/outbox.ts";
import { type DeviceSchema, DeviceSession } from "../shared/session/device.ts";
import { Batcher } from "./batcher.ts";
import { FlashOutbox, type Turn } from "./flash/flash-outbox.ts";
import type { TimerHandle } from "./platform/ecma419.ts";
import type { Platform } from "./platform/platform.ts";
import { UptimeClock } from "./platform/uptime.ts";
import { Sampler, type SensorSchedule } from "./sampler.ts";
import { type PathKind, type Settings, settingsFault } from "./settings.ts";
import { randomU32, Uplink } from "./uplink.ts";

export const FIRMWARE_VERSION = "senda 0.1.0";

/** Longest sleep: the uptime clock must be asked well within the wrap of the ticks. */
const SLEEP_MS_MAX = 60_000;

const EPOCH_BYTES = 8;

/** Bytes of one file that may be on their way to a board: of TCP's window, the part that is there on all. */
const BLOB_WINDOW_BYTES = 4_096;

/** The only schema of an epoch, as long as the channels do not change while the firmware runs. */
const SCHEMA_NUMBER = 0;

export interface FirmwareOptions {
  readonly platform: Platform;
  readonly settings: Settings;
  readonly sensors: readonly SensorSchedule[];
  /** Stop sampling after so many samples; 0 for never. */
  readonly samplesMax?: number;
  /**
   * Sample only while the outbox is less full than this (0 to 1), rather than drop what does not
   * fit. For sensors that can wait: replays and load tests.
   */
  readonly holdAtFill?: number;
  /** Where files come from and go to; without it the device has none. */
  readonly shelf?: BlobShelf;
  /** A file came, or went, or did not. */
  readonly handleBlob?: (event: BlobEvent) => void;
  /** Called after each round of work, for those who watch. */
  readonly handleProgress?: () => void;
}

export interface FirmwareStatus {
  readonly path: PathKind | undefined;
  readonly samples: number;
  /** Readings that the sensors gave. */
  readonly readings: number;
  /** Readings that the host confirmed as stored. */
  readonly acknowledged: number;
  /** Readings that had to be dropped. */
  readonly gapReadings: number;
  readonly reconnects: number;
  readonly retransmissions: number;
  /** Sampling has ended and everything, gaps included, is confirmed. */
  readonly isDone: boolean;
}

export class Firmware {
  readonly #options: FirmwareOptions;
  readonly #clock: UptimeClock;
  readonly #sampler: Sampler;
  readonly #schema: DeviceSchema;
  readonly #outbox: Outbox | FlashOutbox;
  readonly #batcher: Batcher;
  readonly #blobs: BlobExchange;
  readonly #uplink: Uplink;
  #session: DeviceSession;
  /** Of sessions before this one. */
  #retransmissions = 0;
  #readings = 0;
  #timer: TimerHandle | undefined;
  #isRunning = false;
  #mustRunAgain = false;
  #isStopped = false;

  constructor(options: FirmwareOptions) {
    const { platform, settings, sensors } = options;
    const fault = settingsFault(settings);
    if (fault !== undefined) throw new Error(`settings: ${fault}`);
    this.#options = options;
    this.#clock = new UptimeClock(() => platform.ticks());
    this.#sampler = new Sampler(sensors, this.#clock.nowMs());
    this.#schema = schemaOf(this.#sampler.channels);
    this.#outbox = this.#createOutbox();
    this.#batcher = new Batcher({
      channels: this.#sampler.channels,
      schema: SCHEMA_NUMBER,
      outbox: this.#outbox,
      ageMsMax: settings.batchAgeMsMax,
      ...(this.#flash === undefined ? {} : { ageOfflineMsMax: settings.flashAgeMsMax }),
      rowsMax: settings.batchRowsMax,
    });
    this.#blobs = new BlobExchange({
      shelf: options.shelf ?? NO_SHELF,
      windowBytes: BLOB_WINDOW_BYTES,
    });
    this.#session = this.#createSession(this.#flash?.turn ?? this.#onlyTurn());
    this.#uplink = new Uplink({
      platform,
      settings,
      session: this.#session,
      blobs: this.#blobs,
      nowMs: () => this.#clock.nowMs(),
      handleChange: () => this.#run(),
    });
    this.#arm(0);
  }

  get status(): FirmwareStatus {
    const outbox = this.#outbox;
    return {
      path: this.#uplink.path,
      samples: this.#sampler.samples,
      readings: this.#readings,
      acknowledged: outbox.acknowledgedReadings,
      gapReadings: outbox.droppedReadings,
      reconnects: this.#uplink.reconnects,
      retransmissions: this.#retransmissions + this.#session.flight.retransmissions,
      isDone: this.#hasSampledAll() && outbox.isEmpty && this.#batcher.readingsWaiting === 0,
    };
  }

  /** Sends a file to the collector, now or when there is one. Throws a BlobFault where there is no such file. */
  sendFile(purpose: BlobPurpose, name: string): boolean {
    const { shelf = NO_SHELF, platform } = this.#options;
    const source = shelf.openSource(purpose, name);
    const isTaken = this.#blobs.send(randomU32(platform), purpose, name, source);
    this.wake();
    return isTaken;
  }

  /** Whether a file of this name is on its way to the collector, or waits for its turn. */
  isSending(name: string): boolean {
    return this.#blobs.views().some((view) => !view.isIncoming && view.name === name);
  }

  /** Has the firmware look at once: something that it waits for has changed. */
  wake(): void {
    this.#arm(0);
  }

  /** Closes all links and stops; what is not confirmed is gone, but for what is in flash. */
  stop(): void {
    this.#isStopped = true;
    this.#batcher.close();
    this.#flash?.flush();
    this.#options.platform.timers.clear(this.#timer);
    this.#uplink.close();
    this.#blobs.close();
  }

  get #flash(): FlashOutbox | undefined {
    return this.#outbox instanceof FlashOutbox ? this.#outbox : undefined;
  }

  #createOutbox(): Outbox | FlashOutbox {
    const { platform, settings } = this.#options;
    const memory = new Outbox({
      bytesMax: settings.outboxBytes,
      recordsMax: settings.outboxRecords,
      policy: settings.dropPolicy,
    });
    const partition = settings.flashPartition;
    const flash = partition === "" ? undefined : platform.openFlash(partition);
    if (flash === undefined) {
      if (partition !== "") platform.trace(`flash: no partition "${partition}", memory only`);
      return memory;
    }
    const createEpoch = () => this.#createEpoch();
    const outbox = new FlashOutbox({ flash, memory, schemaHash: this.#schema.hash, createEpoch });
    for (const { records, readings } of outbox.recovery.epochs) {
      platform.trace(`flash: ${records} records, ${readings} readings of an earlier life wait`);
    }
    return outbox;
  }

  #createEpoch(): string {
    return toHex(this.#options.platform.randomBytes(EPOCH_BYTES));
  }

  /** Without flash, there is but the epoch of this life. */
  #onlyTurn(): Turn {
    const records = this.#outbox as Outbox;
    return { epoch: this.#createEpoch(), schemaHash: this.#schema.hash, records, isPast: false };
  }

  #createSession({ epoch, schemaHash: hash, records, isPast }: Turn): DeviceSession {
    const { platform, settings } = this.#options;
    const body = hash === this.#schema.hash ? this.#schema.body : undefined;
    return new DeviceSession({
      device: settings.device,
      epoch,
      firmware: FIRMWARE_VERSION,
      reset: platform.resetReason(),
      schemas: [{ number: SCHEMA_NUMBER, hash, body }],
      records,
      isPast,
      silenceMsMax: settings.silenceMsMax,
      blobs: this.#blobs,
    });
  }

  /** Another epoch's records are to be sent, in a session of their own on the same links. */
  #changeTurn(flash: FlashOutbox): void {
    const { failure, turn } = flash;
    if (failure !== undefined) this.#options.platform.trace(`flash: ${failure}; memory only`);
    this.#retransmissions += this.#session.flight.retransmissions;
    this.#session = this.#createSession(turn);
    this.#uplink.useSession(this.#session);
  }

  /** Does what is due. Called from inside itself (a link that fails while it is pumped), it goes round once more. */
  #run(): void {
    this.#mustRunAgain = true;
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    while (this.#mustRunAgain && !this.#isStopped) {
      this.#mustRunAgain = false;
      this.#sample();
      this.#batcher.handleLinkState(this.#uplink.path !== undefined);
      this.#batcher.handleTimeout(this.#clock.nowMs());
      const flash = this.#flash;
      if (flash?.poll()) this.#changeTurn(flash);
      this.#blobs.handleTimeout(this.#clock.nowMs());
      this.#uplink.pump();
      this.#tellOfBlobs();
    }
    this.#isRunning = false;
    this.#arm(this.#nextDueMs() - this.#clock.nowMs());
    this.#options.handleProgress?.();
  }

  #tellOfBlobs(): void {
    const blobs = this.#blobs;
    for (let event = blobs.pollEvent(); event !== undefined; event = blobs.pollEvent()) {
      this.#options.platform.trace(`file ${event.name}: ${event.status}: ${event.text}`);
      this.#options.handleBlob?.(event);
    }
  }

  #sample(): void {
    if (this.#isHeld()) return;
    const nowMs = this.#clock.nowMs();
    const values = this.#sampler.handleTimeout(nowMs);
    if (values === undefined) return;
    for (const value of values) if (value !== undefined) this.#readings++;
    this.#batcher.append(nowMs, values);
    if (this.#hasSampledAll()) this.#batcher.close();
  }

  #nextDueMs(): number {
    const sampleMs = this.#isHeld() ? Number.POSITIVE_INFINITY : this.#sampler.nextDueMs();
    const sendMs = Math.min(this.#blobs.pollTimeoutMs(), this.#uplink.nextDueMs());
    return Math.min(sampleMs, this.#batcher.nextDueMs(), sendMs);
  }

  #isHeld(): boolean {
    const { holdAtFill } = this.#options;
    const isFull = holdAtFill !== undefined && this.#outbox.fill >= holdAtFill;
    return isFull || this.#hasSampledAll();
  }

  #hasSampledAll(): boolean {
    const { samplesMax } = this.#options;
    return samplesMax !== undefined && samplesMax > 0 && this.#sampler.samples >= samplesMax;
  }

  #arm(delayMs: number): void {
    if (this.#isStopped) return;
    const { timers } = this.#options.platform;
    timers.clear(this.#timer);
    this.#timer = timers.set(() => this.#run(), Math.min(Math.max(delayMs, 0), SLEEP_MS_MAX));
  }
}

function schemaOf(channels: readonly Channel[]): DeviceSchema {
  const body = encodeSchema(channels);
  return { number: SCHEMA_NUMBER, hash: schemaHash(body), body };
}

function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
