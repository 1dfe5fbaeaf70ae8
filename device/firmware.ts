// The firmware, put together: sensors -> sampler -> batcher -> outbox (-> flash) -> session -> uplink.
// Runs alike on a board and in the simulator; everything of the machine comes in through `Platform`.
//
// One run-to-completion loop: whatever wakes it (a timer, a link) does all that is due and then arms
// one timer for what is due next.

import type { BlobEvent } from "../shared/blob/exchange.ts";
import type { BlobShelf } from "../shared/blob/shelf.ts";
import { toHex } from "../shared/bytes/hex.ts";
import { type Channel, encodeSchema, type SampleValues, schemaHash } from "../shared/channel.ts";
import { CommandMemory } from "../shared/command/memory.ts";
import type { BlobPurpose } from "../shared/errors.ts";
import type { Outbox } from "../shared/outbox.ts";
import { type DeviceSchema, DeviceSession } from "../shared/session/device.ts";
import { Batcher } from "./batcher.ts";
import { CommandRunner } from "./commands/command-runner.ts";
import { type DeviceFacts, deviceCommands } from "./commands/device-commands.ts";
import { fileCommands } from "./commands/file-commands.ts";
import { settingsCommands } from "./commands/settings-commands.ts";
import { DeviceFiles } from "./files/device-files.ts";
import { type FirmwareStatus, statisticsOf } from "./firmware-status.ts";
import { FlashOutbox, type Turn } from "./flash/flash-outbox.ts";
import { openOutbox } from "./flash/open-outbox.ts";
import { IpSilence } from "./ip-silence.ts";
import { CrashRecord } from "./platform/crash-record.ts";
import type { TimerHandle } from "./platform/ecma419.ts";
import { type Platform, randomU32 } from "./platform/platform.ts";
import { UptimeClock } from "./platform/uptime.ts";
import { Sampler, type SensorSchedule } from "./sampler.ts";
import { settingsFault } from "./settings.ts";
import type { SettingsKeeper } from "./settings-keeper.ts";
import { UpdateTrial } from "./update/trial.ts";
import { Uplink } from "./uplink.ts";

export const FIRMWARE_VERSION = "senda 0.1.0";

/** Longest sleep: the uptime clock must be asked well within the wrap of the ticks. */
const SLEEP_MS_MAX = 60_000;

const EPOCH_BYTES = 8;

/** From the command to begin anew until it is done, so that the answer still leaves. */
const RESTART_AFTER_MS = 300;

/** A firmware that has sampled for so long does not crash at every start. */
const STEADY_MS = 600_000;

/** The only schema of an epoch, as long as the channels do not change while the firmware runs. */
const SCHEMA_NUMBER = 0;

export interface FirmwareOptions {
  readonly platform: Platform;
  /** The settings that hold, and the way to change them. */
  readonly keeper: SettingsKeeper;
  readonly sensors: readonly SensorSchedule[];
  /** What a greeting says of the firmware; its own name, unless given. */
  readonly version?: string;
  /** One over the platform's storage, unless given. */
  readonly crashRecord?: CrashRecord;
  /** Stop sampling after so many samples; 0 for never. */
  readonly samplesMax?: number;
  /**
   * Sample only while the outbox is less full than this (0 to 1), rather than drop what does not
   * fit. For sensors that can wait: replays and load tests.
   */
  readonly holdAtFill?: number;
  /** Called where no collector was reached by IP for minutes, to have the network joined anew. */
  readonly handleIpSilence?: () => void;
  /** Where files come from and go to; without it the device has none. */
  readonly shelf?: BlobShelf;
  /** A file came, or went, or did not. */
  readonly handleBlob?: (event: BlobEvent) => void;
  /** Called after each round of work, for those who watch. */
  readonly handleProgress?: () => void;
}

export class Firmware {
  readonly #options: FirmwareOptions;
  readonly #clock: UptimeClock;
  readonly #crashRecord: CrashRecord;
  /** Why the machine last started, as every greeting of this life tells it. */
  readonly #reset: string;
  readonly #steadyAtMs: number;
  readonly #ipSilence: IpSilence;
  readonly #trial: UpdateTrial;
  readonly #sampler: Sampler;
  readonly #schema: DeviceSchema;
  readonly #commands: CommandMemory;
  readonly #commandRunner: CommandRunner;
  readonly #outbox: Outbox | FlashOutbox;
  readonly #batcher: Batcher;
  readonly #files: DeviceFiles;
  readonly #uplink: Uplink;
  #session: DeviceSession;
  /** Of sessions before this one. */
  #retransmissions = 0;
  #readings = 0;
  #timer: TimerHandle | undefined;
  #isRunning = false;
  #mustRunAgain = false;
  #isStopped = false;
  /** When it is to begin anew; infinity where it is not. */
  #restartAtMs = Number.POSITIVE_INFINITY;

  constructor(options: FirmwareOptions) {
    const { platform, keeper, sensors } = options;
    const { settings } = keeper;
    const fault = settingsFault(settings);
    if (fault !== undefined) throw new Error(`settings: ${fault}`);
    this.#options = options;
    this.#clock = new UptimeClock(() => platform.ticks());
    this.#crashRecord = options.crashRecord ?? new CrashRecord(platform.openStorage());
    this.#reset = this.#crashRecord.resetText(platform.resetReason());
    const sampleFromMs = this.#clock.nowMs() + this.#pauseMs();
    this.#steadyAtMs = sampleFromMs + STEADY_MS;
    this.#ipSilence = new IpSilence(this.#clock.nowMs());
    this.#trial = new UpdateTrial(platform.update?.boot, this.#clock.nowMs());
    this.#sampler = new Sampler(sensors, sampleFromMs, settings.samplePeriodMs);
    this.#schema = schemaOf(this.#sampler.channels);
    this.#outbox = openOutbox({
      platform,
      settings,
      schemaHash: this.#schema.hash,
      createEpoch: () => this.#createEpoch(),
    });
    this.#batcher = new Batcher({
      channels: this.#sampler.channels,
      schema: SCHEMA_NUMBER,
      outbox: this.#outbox,
      ageMsMax: settings.batchAgeMsMax,
      ...(this.#flash === undefined ? {} : { ageOfflineMsMax: settings.flashAgeMsMax }),
      rowsMax: settings.batchRowsMax,
    });
    this.#commands = new CommandMemory(randomU32(platform));
    this.#commandRunner = new CommandRunner({
      memory: this.#commands,
      createCommands: () => [
        ...deviceCommands(this.#facts()),
        ...settingsCommands(keeper, () => this.#useChangedSettings()),
        ...fileCommands(this.#files.shelf),
      ],
      handleNews: () => this.#run(),
    });
    this.#files = new DeviceFiles(options);
    this.#session = this.#createSession(this.#flash?.turn ?? this.#onlyTurn());
    this.#uplink = new Uplink({
      platform,
      settings,
      session: this.#session,
      blobs: this.#files.exchange,
      nowMs: () => this.#clock.nowMs(),
      handleWelcomed: () => this.#handleWelcomed(),
      handleChange: () => this.#run(),
    });
    this.#arm(0);
  }

  get status(): FirmwareStatus {
    const outbox = this.#outbox;
    return {
      path: this.#uplink.path,
      samples: this.#sampler.samples,
      lateSamples: this.#sampler.lateSamples,
      missedSamples: this.#sampler.missedSamples,
      readings: this.#readings,
      acknowledged: outbox.acknowledgedReadings,
      gapReadings: outbox.droppedReadings,
      reconnects: this.#uplink.reconnects,
      retransmissions: this.#retransmissions + this.#session.flight.retransmissions,
      turnedAway: this.#uplink.turnedAway,
      isDone: this.#hasSampledAll() && outbox.isEmpty && this.#batcher.readingsWaiting === 0,
    };
  }

  /** Sends a file to the collector, now or when there is one. Throws a BlobFault where there is no such file. */
  sendFile(purpose: BlobPurpose, name: string): boolean {
    const isTaken = this.#files.send(purpose, name);
    this.wake();
    return isTaken;
  }

  /** Whether a file of this name is on its way to the collector, or waits for its turn. */
  isSending(name: string): boolean {
    return this.#files.isSending(name);
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
    this.#files.exchange.close();
  }

  get #flash(): FlashOutbox | undefined {
    return this.#outbox instanceof FlashOutbox ? this.#outbox : undefined;
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
    const { keeper, version = FIRMWARE_VERSION } = this.#options;
    const { settings } = keeper;
    const body = hash === this.#schema.hash ? this.#schema.body : undefined;
    return new DeviceSession({
      device: settings.device,
      epoch,
      firmware: version,
      reset: this.#reset,
      schemas: [{ number: SCHEMA_NUMBER, hash, body }],
      records,
      commands: this.#commands,
      isPast,
      silenceMsMax: settings.silenceMsMax,
      blobs: this.#files.exchange,
    });
  }

  #pauseMs(): number {
    const { pauseMs } = this.#crashRecord;
    const seconds = Math.round(pauseMs / 1_000);
    if (seconds > 0)
      this.#options.platform.trace(`crashed again and again: sampling in ${seconds} s`);
    return pauseMs;
  }

  /** A collector notes why a device restarted when it learns of this life's epoch. */
  #handleWelcomed(): void {
    this.#trial.handleWelcomed();
    if (this.#flash?.turn.isPast !== true) this.#crashRecord.handleDelivered();
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
    try {
      this.#runUntilDone();
    } catch (error) {
      this.#crashRecord.handleCrash(error);
      throw error; // the platform restarts
    }
    this.#isRunning = false;
    if (this.#clock.nowMs() >= this.#restartAtMs) this.#restart();
    this.#arm(this.#nextDueMs() - this.#clock.nowMs());
    this.#options.handleProgress?.();
  }

  #runUntilDone(): void {
    if (this.#clock.nowMs() >= this.#steadyAtMs) this.#crashRecord.handleSteady();
    while (this.#mustRunAgain && !this.#isStopped) {
      this.#mustRunAgain = false;
      this.#sample();
      this.#batcher.handleLinkState(this.#uplink.path !== undefined);
      this.#batcher.handleTimeout(this.#clock.nowMs());
      const flash = this.#flash;
      if (flash?.poll()) this.#changeTurn(flash);
      this.#commandRunner.runAll();
      this.#files.exchange.handleTimeout(this.#clock.nowMs());
      this.#uplink.pump();
      this.#files.tell();
    }
    this.#trial.handleTimeout(this.#clock.nowMs());
    const isSilent = this.#ipSilence.poll(this.#uplink.isIpSilent, this.#clock.nowMs());
    if (isSilent) this.#options.handleIpSilence?.();
  }

  #sample(): void {
    if (this.#isHeld()) return;
    const nowMs = this.#clock.nowMs();
    const values = this.#sampler.handleTimeout(nowMs);
    if (values !== undefined) this.#take(nowMs, values);
  }

  #take(nowMs: number, values: SampleValues): void {
    for (const value of values) if (value !== undefined) this.#readings++;
    this.#batcher.append(nowMs, values);
    if (this.#hasSampledAll()) this.#batcher.close();
  }

  #useChangedSettings(): void {
    const { key, samplePeriodMs, batchAgeMsMax, batchRowsMax } = this.#options.keeper.settings;
    this.#uplink.useKey(key);
    this.#sampler.usePeriod(samplePeriodMs, this.#clock.nowMs());
    this.#batcher.useBounds({ ageMsMax: batchAgeMsMax, rowsMax: batchRowsMax });
  }

  #restart(): void {
    this.stop();
    this.#options.platform.restart?.();
  }

  /** What commands see and do of the device. */
  #facts(): DeviceFacts {
    const { platform, keeper, version = FIRMWARE_VERSION } = this.#options;
    const restartSoon = () => {
      this.#restartAtMs = this.#clock.nowMs() + RESTART_AFTER_MS;
    };
    return {
      identity: () => ({
        device: keeper.settings.device,
        firmware: version,
        reset: this.#reset,
        uptimeMs: this.#clock.nowMs(),
        path: this.#uplink.path ?? null,
        life: this.#commands.life,
        trial: this.#trial.isRunning,
      }),
      statistics: () =>
        statisticsOf(this.status, {
          uptimeMs: this.#clock.nowMs(),
          unrepresentable: this.#batcher.unrepresentable,
          commands: this.#commands.begun,
        }),
      channels: () => this.#sampler.channels,
      periodsMs: () => this.#sampler.periodsMs,
      readNow: () => this.#readNow(),
      restartSoon: platform.restart === undefined ? undefined : restartSoon,
      trace: platform.trace,
    };
  }

  /** A sample outside of the grid, stored as any other. */
  #readNow(): SampleValues {
    const nowMs = this.#clock.nowMs();
    const values = this.#sampler.readNow(nowMs);
    this.#take(nowMs, values);
    return values;
  }

  #nextDueMs(): number {
    const sampleMs = this.#isHeld() ? Number.POSITIVE_INFINITY : this.#sampler.nextDueMs();
    return Math.min(
      sampleMs,
      this.#restartAtMs,
      this.#batcher.nextDueMs(),
      this.#files.exchange.pollTimeoutMs(),
      this.#uplink.nextDueMs(),
    );
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
