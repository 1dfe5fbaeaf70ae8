// Many simulated devices in one process, and what they did together.

import type { FirmwareStatus } from "../../device/firmware-status.ts";
import { SimulatedDevice, type SimulatedDeviceOptions } from "./simulated-device.ts";

/** What `senda simulate --json` prints at its end. */
export interface FleetSummary {
  readonly event: "done";
  readonly devices: number;
  readonly samples: number;
  /** What the sensors gave. */
  readonly readings: number;
  /** What the host confirmed as stored. */
  readonly acknowledged: number;
  /** What had to be dropped. */
  readonly gapReadings: number;
  readonly reconnects: number;
  readonly seconds: number;
}

export class Fleet {
  /** Resolves once every device has sampled all it should and everything is confirmed. */
  readonly done: Promise<void>;
  readonly #devices: readonly SimulatedDevice[];
  readonly #startedMs = performance.now();
  readonly #unfinished = new Set<number>();

  /** `tell`: gets a sentence whenever a collector turns a device away. */
  constructor(devices: readonly SimulatedDeviceOptions[], tell: (text: string) => void) {
    let finish: () => void = () => undefined;
    this.done = new Promise((resolve) => {
      finish = resolve;
    });
    for (let index = 0; index < devices.length; index++) this.#unfinished.add(index);
    const said: (string | undefined)[] = [];
    const handleProgress = (index: number) => {
      const status = this.#devices?.[index]?.status;
      if (status === undefined) return;
      const { turnedAway } = status;
      if (turnedAway !== undefined && turnedAway !== said[index]) tell(turnedAway);
      said[index] = turnedAway;
      if (!status.isDone) return;
      this.#unfinished.delete(index);
      if (this.#unfinished.size === 0) finish();
    };
    this.#devices = devices.map(
      (options, index) =>
        new SimulatedDevice({ ...options, handleProgress: () => handleProgress(index) }),
    );
  }

  get statuses(): readonly (FirmwareStatus & { readonly device: string })[] {
    return this.#devices.map((device) => ({ device: device.name, ...device.status }));
  }

  get summary(): FleetSummary {
    const statuses = this.statuses;
    const sum = (of: (status: FirmwareStatus) => number) =>
      statuses.reduce((total, status) => total + of(status), 0);
    return {
      event: "done",
      devices: statuses.length,
      samples: sum((status) => status.samples),
      readings: sum((status) => status.readings),
      acknowledged: sum((status) => status.acknowledged),
      gapReadings: sum((status) => status.gapReadings),
      reconnects: sum((status) => status.reconnects),
      seconds: Math.round(performance.now() - this.#startedMs) / 1_000,
    };
  }

  stop(): void {
    for (const device of this.#devices) device.stop();
  }
}
