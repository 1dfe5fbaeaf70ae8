// A simulated device: the firmware itself over Node's sockets and ttys.

import { Firmware, type FirmwareStatus } from "../../device/firmware.ts";
import type { SensorSchedule } from "../../device/sampler.ts";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import type { Settings } from "../../device/settings.ts";
import type { BlobEvent } from "../../shared/blob/exchange.ts";
import type { BlobShelf } from "../../shared/blob/shelf.ts";
import { type FaultOptions, FaultyPlatform } from "./faults.ts";
import type { FileFlash } from "./io/file-flash.ts";
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
  /** Its files; without it there are none. */
  readonly shelf?: BlobShelf;
  readonly handleBlob?: (event: BlobEvent) => void;
  readonly trace?: (line: string) => void;
  readonly handleProgress?: () => void;
}

/** A patient device waits with its next sample from here on. */
const PATIENT_FILL = 0.5;

export class SimulatedDevice {
  readonly name: string;
  readonly #faulty: FaultyPlatform;
  readonly #firmware: Firmware;
  readonly #flash: FileFlash | undefined;

  constructor(options: SimulatedDeviceOptions) {
    const { sensors, samplesMax, trace, handleProgress, flash, shelf, handleBlob } = options;
    this.name = options.settings.device;
    this.#flash = flash;
    const settings = flash === undefined ? options.settings : withFlash(options.settings);
    const platform = createNodePlatform({
      ...(trace === undefined ? {} : { trace }),
      ...(flash === undefined ? {} : { flash }),
    });
    this.#faulty = new FaultyPlatform(platform, options.faults, mulberry32(options.seed));
    this.#firmware = new Firmware({
      platform: this.#faulty.platform,
      settings,
      sensors,
      samplesMax,
      ...(options.isPatient ? { holdAtFill: PATIENT_FILL } : {}),
      ...(handleProgress === undefined ? {} : { handleProgress }),
      ...(shelf === undefined ? {} : { shelf }),
      ...(handleBlob === undefined ? {} : { handleBlob }),
    });
  }

  /** Sends one of its files to the collector. Throws a BlobFault where there is none of this name. */
  sendFile(name: string): boolean {
    return this.#firmware.sendFile("file", name);
  }

  get status(): FirmwareStatus {
    return this.#firmware.status;
  }

  /** Something that the firmware waits for has changed. */
  wake(): void {
    this.#firmware.wake();
  }

  stop(): void {
    this.#faulty.stop();
    this.#firmware.stop();
    this.#flash?.close();
  }
}

function withFlash(settings: Settings): Settings {
  return { ...settings, flashPartition: "simulated" };
}
