// A simulated device as its owner knows it: a name, a plan, a cable, and one life after another.

import { DEFAULT_SETTINGS, type Settings } from "../../device/settings.ts";
import { SimulatedFlash } from "../flash/simulated-flash.ts";
import type { FileTraffic } from "./file-traffic.ts";
import { Life } from "./life.ts";
import type { DevicePlan } from "./plan.ts";
import type { Scene } from "./scene.ts";
import { SerialLine } from "./wires/serial.ts";

/** From death to the next power-on. */
const DEAD_MS_MIN = 50;
const DEAD_MS_MAX = 3_000;

const FLASH_BLOCK_BYTES = 4_096;

/** A batch is put into flash at the latest after so long. */
const FLASH_AGE_MS = 2_000;

/** What the ROM of an ESP32 prints before any firmware runs. */
const BOOT_TEXT = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n";

export interface SimulatedDeviceOptions {
  readonly scene: Scene;
  readonly plan: DevicePlan;
  /** When devices stop sampling. */
  readonly samplesUntilMs: number;
  readonly nextLifeNumber: () => number;
  readonly settingsOf: (settings: Settings) => Settings;
  readonly epochBytesOf: (device: SimulatedDevice) => Uint8Array | undefined;
  readonly handleBorn: (life: Life) => void;
  readonly files?: FileTraffic | undefined;
}

export class SimulatedDevice {
  readonly plan: DevicePlan;
  readonly line: SerialLine;
  readonly lives: Life[] = [];
  /** Outlives the lives. */
  readonly flash: SimulatedFlash | undefined;

  readonly #options: SimulatedDeviceOptions;

  constructor(options: SimulatedDeviceOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.line = new SerialLine(options.scene, options.plan.name, DEFAULT_SETTINGS.serial.baud);
    const { flashBlocks } = options.plan;
    const seed = options.scene.plan.seed;
    if (flashBlocks > 0) {
      this.flash = new SimulatedFlash(FLASH_BLOCK_BYTES, flashBlocks, seed);
    }
  }

  /** The life that goes on; undefined while the device is without power. */
  get life(): Life | undefined {
    const last = this.lives.at(-1);
    return last?.isAlive ? last : undefined;
  }

  switchOn(): void {
    if (this.life !== undefined) return;
    const { scene, settingsOf, nextLifeNumber, epochBytesOf, samplesUntilMs, files } =
      this.#options;
    const { plan } = this;
    const epochBytes = epochBytesOf(this);
    this.flash?.powerOn();
    const life = new Life({
      device: this,
      scene,
      number: nextLifeNumber(),
      settings: settingsOf(this.#settings()),
      ticksAtStart: plan.ticksAtStart,
      reset: this.lives.length === 0 ? "power-on" : "brownout",
      samplesMax: Math.max(1, Math.ceil((samplesUntilMs - scene.clock.nowMs) / plan.periodMs)),
      ...(epochBytes === undefined ? {} : { epochBytes }),
      files,
    });
    this.lives.push(life);
    this.#options.handleBorn(life);
    scene.story.tell(plan.name, `life ${life.number} begins, epoch ${life.epoch}`);
  }

  /** Loses its power, and is switched on again a while later. */
  die(): void {
    const { life } = this;
    if (life === undefined) return;
    const { scene } = this.#options;
    const { chance, clock, station, plan } = scene;
    const deadMs = DEAD_MS_MIN * (DEAD_MS_MAX / DEAD_MS_MIN) ** chance.next();
    const { samples } = life.ledger;
    scene.story.tell(this.plan.name, `dies after ${samples} samples, for ${deadMs.toFixed(0)} ms`);
    life.die();
    for (const wire of station.wiresOf(life)) {
      if (chance.is(0.5)) wire.handleDeviceDeath();
      else wire.cut();
    }
    this.line.devicePort = undefined;
    if (plan.kinds.has("serial-text")) this.#bootLater(life, deadMs);
    clock.after(deadMs, () => this.switchOn());
  }

  #bootLater(life: Life, deadMs: number): void {
    const { scene } = this.#options;
    scene.story.countFault("serial-text");
    const text = new Uint8Array(Buffer.from(BOOT_TEXT));
    const garbage = scene.chance.bytes(scene.chance.integer(0, 40));
    scene.clock.after(deadMs / 2, () => {
      this.line.bootText(life, garbage);
      this.line.bootText(life, text);
    });
  }

  #settings(): Settings {
    const { plan } = this;
    return {
      ...DEFAULT_SETTINGS,
      device: plan.name,
      key: plan.key,
      host: "collector",
      paths: plan.paths,
      samplePeriodMs: plan.periodMs,
      batchAgeMsMax: plan.batchAgeMsMax,
      batchRowsMax: plan.batchRowsMax,
      outboxBytes: plan.outboxBytes,
      outboxRecords: plan.outboxRecords,
      silenceMsMax: plan.silenceMsMax,
      dropPolicy: plan.dropPolicy,
      flashPartition: plan.flashBlocks > 0 ? "records" : "",
      flashAgeMsMax: FLASH_AGE_MS,
    };
  }
}
