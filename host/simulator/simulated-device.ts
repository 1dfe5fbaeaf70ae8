// A simulated device: the firmware itself over Node's sockets and ttys.

import { Firmware, type FirmwareStatus } from "../../device/firmware.ts";
import type { SensorSchedule } from "../../device/sampler.ts";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import type { Settings } from "../../device/settings.ts";
import { type FaultOptions, FaultyPlatform } from "./faults.ts";
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
  readonly trace?: (line: string) => void;
  readonly handleProgress?: () => void;
}

/** A patient device waits with its next sample from here on. */
const PATIENT_FILL = 0.5;

export class SimulatedDevice {
  readonly name: string;
  readonly #faulty: FaultyPlatform;
  readonly #firmware: Firmware;

  constructor(options: SimulatedDeviceOptions) {
    const { settings, sensors, samplesMax, trace, handleProgress } = options;
    this.name = settings.device;
    const platform = createNodePlatform(trace === undefined ? {} : { trace });
    this.#faulty = new FaultyPlatform(platform, options.faults, mulberry32(options.seed));
    this.#firmware = new Firmware({
      platform: this.#faulty.platform,
      settings,
      sensors,
      samplesMax,
      ...(options.isPatient ? { holdAtFill: PATIENT_FILL } : {}),
      ...(handleProgress === undefined ? {} : { handleProgress }),
    });
  }

  get status(): FirmwareStatus {
    return this.#firmware.status;
  }

  stop(): void {
    this.#faulty.stop();
    this.#firmware.stop();
  }
}
