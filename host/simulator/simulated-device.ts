// A simulated device: the firmware itself over Node's sockets and ttys.

import { join } from "node:path";
import { FIRMWARE_VERSION, Firmware } from "../../device/firmware.ts";
import type { FirmwareStatus } from "../../device/firmware-status.ts";
import { type KeyValueStorage, MemoryStorage } from "../../device/platform/storage.ts";
import type { SensorSchedule } from "../../device/sampler.ts";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import type { Settings } from "../../device/settings.ts";
import { SettingsKeeper } from "../../device/settings-keeper.ts";
import type { BlobEvent } from "../../shared/blob/exchange.ts";
import type { BlobShelf } from "../../shared/blob/shelf.ts";
import { FileShelf } from "../files/file-shelf.ts";
import { type FaultOptions, FaultyPlatform } from "./faults.ts";
import type { FileFlash } from "./io/file-flash.ts";
import { FileSlots } from "./io/file-slots.ts";
import { createNodePlatform } from "./io/node-platform.ts";

export interface SimulatedDeviceOptions {
  readonly settings: Settings;
  readonly sensors: readonly SensorSchedule[];
  readonly faults: FaultOptions;
  /** Seeds the faults. Identities stay random, as two runs must never share an epoch. */
  readonly seed: number;
  /** Stop sampling after so many samples; 0 for never. */
  readonly samplesMax: number;
  /** Sample only while there is room in the outbox, rather than drop readings. */
  readonly isPatient: boolean;
  /** Without it the outbox is in memory only. Closed when the device stops. */
  readonly flash?: FileFlash;
  /** Where changed settings are kept; without it they last as long as this object. */
  readonly storage?: KeyValueStorage;
  /** Its files; without it there are none. */
  readonly shelf?: BlobShelf;
  /** A folder for its files, unless there is a shelf, and for its slots for firmware. */
  readonly filesFolder?: string;
  readonly handleBlob?: (event: BlobEvent) => void;
  readonly trace?: (line: string) => void;
  readonly handleProgress?: () => void;
}

/** A patient device waits with its next sample from here on. */
const PATIENT_FILL = 0.5;

/** Beside the files; none of them can have this name. */
const SLOTS_FOLDER = ".slots";

export class SimulatedDevice {
  readonly name: string;
  readonly #options: SimulatedDeviceOptions;
  readonly #storage: KeyValueStorage;
  readonly #shelf: BlobShelf | undefined;
  /** What the lives before this one did. */
  #former: Counts = NO_COUNTS;
  #life: Life;
  #isStopped = false;

  constructor(options: SimulatedDeviceOptions) {
    this.#options = options;
    this.name = options.settings.device;
    this.#storage = options.storage ?? new MemoryStorage();
    this.#shelf = options.shelf ?? this.#openShelf(options.filesFolder);
    this.#life = this.#begin("power-on");
  }

  /** Sends one of its files to the collector. Throws a BlobFault where there is none of this name. */
  sendFile(name: string): boolean {
    return this.#life.firmware.sendFile("file", name);
  }

  /** Counts of all lives, all else of the present one. */
  get status(): FirmwareStatus {
    const { status } = this.#life.firmware;
    return { ...status, ...addCounts(this.#former, status) };
  }

  /** Something that the firmware waits for has changed. */
  wake(): void {
    this.#life.firmware.wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#life.faulty.stop();
    this.#life.firmware.stop();
    this.#options.flash?.close();
  }

  #openShelf(folder: string | undefined): BlobShelf | undefined {
    if (folder === undefined) return undefined;
    return new FileShelf({ folder, isReplacing: true, handleChange: () => this.wake() });
  }

  /** A life from power-on, or from a command to begin anew, on. */
  #begin(resetReason: string): Life {
    const { sensors, samplesMax, trace, handleProgress, flash, faults, handleBlob } = this.#options;
    const settings =
      flash === undefined ? this.#options.settings : withFlash(this.#options.settings);
    const slots = this.#startSlots();
    const platform = createNodePlatform({
      resetReason,
      restart: () => this.#restart(),
      storage: this.#storage,
      update: slots,
      ...(trace === undefined ? {} : { trace }),
      ...(flash === undefined ? {} : { flash }),
    });
    const faulty = new FaultyPlatform(platform, faults, mulberry32(this.#options.seed));
    const firmware = new Firmware({
      platform: faulty.platform,
      keeper: new SettingsKeeper(settings, this.#storage, platform.trace),
      ...(slots === undefined ? {} : { version: slots.version }),
      sensors,
      samplesMax: samplesMax === 0 ? 0 : Math.max(1, samplesMax - this.#former.samples),
      ...(this.#options.isPatient ? { holdAtFill: PATIENT_FILL } : {}),
      ...(handleProgress === undefined ? {} : { handleProgress }),
      ...(this.#shelf === undefined ? {} : { shelf: this.#shelf }),
      ...(handleBlob === undefined ? {} : { handleBlob }),
    });
    return { faulty, firmware };
  }

  /** What is to start does: an image that crashes restarts at once, which brings the one before it back. */
  #startSlots(): FileSlots | undefined {
    const { filesFolder } = this.#options;
    if (filesFolder === undefined) return undefined;
    const folder = join(filesFolder, SLOTS_FOLDER);
    const start = () =>
      new FileSlots({
        folder,
        factoryVersion: FIRMWARE_VERSION,
        restart: () => this.#restart(),
      });
    const slots = start();
    return slots.isCrashing ? start() : slots;
  }

  /** The firmware has stopped; the next life begins once it has returned from what it was doing. */
  #restart(): void {
    const { faulty, firmware } = this.#life;
    faulty.stop();
    this.#former = addCounts(this.#former, firmware.status);
    setImmediate(() => {
      if (!this.#isStopped) this.#life = this.#begin("software");
    });
  }
}

interface Life {
  readonly faulty: FaultyPlatform;
  readonly firmware: Firmware;
}

type Counts = Pick<
  FirmwareStatus,
  "samples" | "readings" | "acknowledged" | "gapReadings" | "reconnects" | "retransmissions"
>;

const NO_COUNTS: Counts = {
  samples: 0,
  readings: 0,
  acknowledged: 0,
  gapReadings: 0,
  reconnects: 0,
  retransmissions: 0,
};

function addCounts(some: Counts, more: Counts): Counts {
  return {
    samples: some.samples + more.samples,
    readings: some.readings + more.readings,
    acknowledged: some.acknowledged + more.acknowledged,
    gapReadings: some.gapReadings + more.gapReadings,
    reconnects: some.reconnects + more.reconnects,
    retransmissions: some.retransmissions + more.retransmissions,
  };
}

function withFlash(settings: Settings): Settings {
  return { ...settings, flashPartition: "simulated" };
}
