// Faults that happen at moments: picks one of the world's kinds now and then and lets it happen, until
// all is healed. Faults that befall each datagram, byte or commit are in the wires and the store.

import { TEARS } from "../flash/simulated-flash.ts";
import type { SimulatedDevice } from "./device.ts";
import type { Disk } from "./disk.ts";
import type { FaultKind } from "./plan.ts";
import type { Scene } from "./scene.ts";
import type { VirtualHost } from "./virtual-globals.ts";
import type { TcpWire } from "./wires/tcp.ts";

/** How long each state of things lasts, from and to in ms. */
const STALL_MS = [200, 12_000] as const;
const SWALLOW_MS = [5, 7_000] as const;
const UNPLUGGED_MS = [200, 6_000] as const;
const PARTITION_MS = [100, 9_000] as const;
const LOOKUP_FAILS_MS = [500, 8_000] as const;
const COLLECTOR_AWAY_MS = [20, 6_000] as const;
const DISK_FAILS_MS = [50, 14_000] as const;

/** Power fails within so many bytes that are written to flash from now on. */
const FLASH_CUT_STEPS_MAX = 3_000;

/** What befalls a device, or its cable. */
const DEVICE_KINDS: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "serial-swallow",
  "serial-unplug",
  "device-death",
  "flash-cut",
]);

/** An administrator, or NTP, sets the host's clock. */
const UTC_STEP_MS_MAX = 3_600_000;

export interface WeatherOptions {
  readonly scene: Scene;
  readonly devices: readonly SimulatedDevice[];
  readonly disk: Disk;
  readonly host: VirtualHost;
}

export class Weather {
  readonly #options: WeatherOptions;
  readonly #scene: Scene;
  #isCalm = false;

  constructor(options: WeatherOptions) {
    this.#options = options;
    this.#scene = options.scene;
    if (options.scene.plan.momentary.length > 0) this.#later();
  }

  /** From here on nothing befalls anything, and what was taken away comes back. */
  heal(): void {
    this.#isCalm = true;
    const { devices, disk } = this.#options;
    const { conditions, station, story } = this.#scene;
    story.tell("world", "all faults end");
    conditions.heal();
    disk.isFailing = false;
    station.start();
    for (const wire of station.wires) wire.stall(0);
    for (const device of devices) {
      device.line.heal();
      device.switchOn();
    }
  }

  #later(): void {
    const { clock, chance, plan } = this.#scene;
    clock.after(chance.exponential(plan.calmMsMean), () => {
      if (this.#isCalm) return;
      this.#happen(chance.pick(plan.momentary));
      this.#later();
    });
  }

  #happen(kind: FaultKind): void {
    if (kind.startsWith("tcp")) this.#hitConnection(kind);
    else if (DEVICE_KINDS.has(kind)) this.#hitDevice(kind);
    else if (kind.startsWith("collector")) this.#hitCollector(kind);
    else this.#hitAll(kind);
  }

  #hitConnection(kind: FaultKind): void {
    const { clock, chance, station, story } = this.#scene;
    const open = [...station.wires].filter((wire) => wire.isOpen);
    if (open.length === 0) return;
    const wire: TcpWire = chance.pick(open);
    story.tellFault(kind, wire.where);
    if (kind === "tcp-cut") wire.cut();
    else if (kind === "tcp-silent-cut") wire.silence();
    else wire.stall(clock.nowMs + this.#duration(STALL_MS));
  }

  #hitDevice(kind: FaultKind): void {
    const { clock, chance, story } = this.#scene;
    const device = chance.pick(this.#options.devices);
    if (device.life === undefined) return;
    const usesSerial = device.plan.paths.includes("serial");
    if (kind.startsWith("serial") && !usesSerial) return;
    if (kind === "flash-cut" && device.flash === undefined) return;
    story.tellFault(kind, device.plan.name);
    if (kind === "device-death") device.die();
    else if (kind === "flash-cut") {
      device.flash?.cutAfter(chance.integer(0, FLASH_CUT_STEPS_MAX), chance.pick(TEARS));
    } else if (kind === "serial-swallow") {
      device.line.swallowUntilMs = clock.nowMs + this.#duration(SWALLOW_MS);
    } else device.line.unplug(this.#duration(UNPLUGGED_MS), chance.is(0.5));
  }

  #hitCollector(kind: FaultKind): void {
    const { clock, station, story } = this.#scene;
    if (station.hub === undefined) return;
    story.tellFault(kind, "the collector");
    const awayMs = this.#duration(COLLECTOR_AWAY_MS);
    const startLater = () => clock.after(awayMs, () => station.start());
    if (kind === "collector-stop") {
      station.stop(startLater);
      return;
    }
    station.die(kind === "collector-kill");
    startLater();
  }

  #hitAll(kind: FaultKind): void {
    const { clock, chance, story, conditions } = this.#scene;
    const { disk, host } = this.#options;
    if (kind === "disk-failure" && disk.isFailing) return;
    story.tellFault(kind, "");
    if (kind === "partition") {
      conditions.partitionUntilMs = clock.nowMs + this.#duration(PARTITION_MS);
    } else if (kind === "name-lookup") {
      conditions.lookupFailsUntilMs = clock.nowMs + this.#duration(LOOKUP_FAILS_MS);
    } else if (kind === "utc-step") {
      host.utcStepMs += Math.floor(chance.between(-UTC_STEP_MS_MAX, UTC_STEP_MS_MAX));
    } else {
      disk.isFailing = true;
      clock.after(this.#duration(DISK_FAILS_MS), () => {
        disk.isFailing = false;
      });
    }
  }

  /** Short ones are as frequent as long ones: they fall between other things. */
  #duration([min, max]: readonly [number, number]): number {
    return min * (max / min) ** this.#scene.chance.next();
  }
}
