// One life of a simulated device, from power-on to its death: the real firmware over a platform made
// of wires and of a clock that is a little wrong. Its memory dies with it; its name and its cables do
// not (device.ts).

import { Firmware, type FirmwareOptions } from "../../device/firmware.ts";
import type { Flash } from "../../device/flash/flash.ts";
import type {
  SerialOptions,
  TcpOptions,
  TimerHandle,
  UdpOptions,
} from "../../device/platform/ecma419.ts";
import type { Platform } from "../../device/platform/platform.ts";
import { type KeyValueStorage, MemoryStorage } from "../../device/platform/storage.ts";
import type { SensorSchedule } from "../../device/sampler.ts";
import type { Settings } from "../../device/settings.ts";
import { SettingsKeeper } from "../../device/settings-keeper.ts";
import { nodeCrypto } from "../../host/keys/node-crypto.ts";
import { epochFromBytes } from "../../shared/message/encode.ts";
import { PowerCut } from "../flash/simulated-flash.ts";
import type { Chance } from "./chance.ts";
import type { Alarm } from "./clock.ts";
import type { SimulatedDevice } from "./device.ts";
import type { FileTraffic } from "./file-traffic.ts";
import { IdentitySensor, Ledger, NoteSensor } from "./ledger.ts";
import type { Scene } from "./scene.ts";
import { DeviceSerial } from "./wires/serial.ts";
import { DeviceTcp } from "./wires/tcp.ts";
import { DeviceUdp } from "./wires/udp.ts";

const EPOCH_BYTES = 8;

/** From asking for a name to its address. */
const LOOKUP_MS_MAX = 20;

const HOST_ADDRESS = "10.0.0.1";

export interface LifeOptions {
  readonly device: SimulatedDevice;
  readonly scene: Scene;
  /** Unique in the world, counted from 1. */
  readonly number: number;
  readonly settings: Settings;
  readonly ticksAtStart: number;
  readonly reset: string;
  /** Stops sampling after so many samples. */
  readonly samplesMax: number;
  /** Where the epoch is not to be random: planted by sabotage. */
  readonly epochBytes?: Uint8Array;
  readonly files: FileTraffic | undefined;
}

export class Life {
  readonly device: SimulatedDevice;
  readonly scene: Scene;
  readonly number: number;
  readonly name: string;
  readonly settings: Settings;
  readonly ledger = new Ledger();
  readonly bornAtMs: number;
  /** 16 hexadecimal digits; empty until the firmware has picked it. */
  epoch = "";
  isAlive = true;
  /** UDP sockets opened in this life. */
  udpSockets = 0;

  readonly #ticksAtStart: number;
  readonly #chance: Chance;
  readonly #epochBytes: Uint8Array | undefined;
  #firmware: Firmware | undefined;

  constructor(options: LifeOptions) {
    const { device, scene, number, settings, ticksAtStart, samplesMax, files } = options;
    this.device = device;
    this.scene = scene;
    this.number = number;
    this.name = device.plan.name;
    this.settings = settings;
    this.bornAtMs = scene.clock.nowMs;
    this.#ticksAtStart = ticksAtStart;
    this.#chance = scene.chance.fork();
    this.#epochBytes = options.epochBytes;
    const platform = this.#createPlatform(options.reset);
    this.enter(() => {
      this.#firmware = new Firmware({
        platform,
        keeper: new SettingsKeeper(settings, this.#createStorage(), platform.trace),
        sensors: this.#createSensors(),
        samplesMax,
        ...(files === undefined ? {} : this.#withFiles(files)),
      });
    });
  }

  get firmware(): Firmware {
    return this.#firmware!;
  }

  /** The 32-bit counter, signed, as the platform shows it. */
  get ticks(): number {
    return (this.#ticksAtStart + this.uptimeMs) | 0;
  }

  /** Whole milliseconds since power-on, by the device's own clock, as they truly are. */
  get uptimeMs(): number {
    return Math.floor((this.scene.clock.nowMs - this.bornAtMs) * this.device.plan.clockRate);
  }

  /** The true time at which the device's clock shows `uptimeMs`. */
  trueMsOf(uptimeMs: number): number {
    return this.bornAtMs + uptimeMs / this.device.plan.clockRate;
  }

  /** Runs the device's code, if it still lives. */
  enter(run: () => void): void {
    if (!this.isAlive) return;
    const { scene } = this;
    const before = scene.running;
    scene.running = this;
    try {
      run();
    } catch (error) {
      if (this.isAlive) throw error; // else power failed, and what was being done came to nothing
    } finally {
      scene.running = before;
    }
  }

  /** Throws where power failed in the middle of what the device was doing: nothing leaves it any more. */
  needPower(): void {
    if (!this.isAlive) throw new Error("the power is off");
  }

  /** Power is gone, and with it everything that was in memory. */
  die(): void {
    this.isAlive = false;
  }

  #withFiles(files: FileTraffic): Pick<FirmwareOptions, "shelf" | "handleBlob"> {
    const { name } = this;
    return {
      shelf: files.boardShelf(name),
      handleBlob: (event) => files.handleDeviceEvent(name, event),
    };
  }

  #createSensors(): SensorSchedule[] {
    const { plan } = this.device;
    const identity = new IdentitySensor(this.number, this.ledger, () => this.uptimeMs);
    const schedules: SensorSchedule[] = [{ sensor: identity, periodMs: plan.periodMs }];
    if (plan.notes > 0) {
      const sensor = new NoteSensor(plan.notes, plan.noteBytesMax, this.ledger);
      schedules.push({ sensor, periodMs: plan.periodMs * plan.noteEvery });
    }
    return schedules;
  }

  /** Changed settings last as long as the life: they are here to be seen. */
  #createStorage(): KeyValueStorage {
    const storage = new MemoryStorage();
    return {
      read: (key) => storage.read(key),
      write: (key, text) => {
        storage.write(key, text);
        this.scene.handleSettings(this, text);
      },
      delete: (key) => storage.delete(key),
    };
  }

  #createPlatform(reset: string): Platform {
    const life = this;
    return {
      TCP: class extends DeviceTcp {
        constructor(options: TcpOptions) {
          life.needPower();
          super(options, life);
        }
      },
      UDP: class extends DeviceUdp {
        constructor(options: UdpOptions) {
          life.needPower();
          super(options, life);
        }
      },
      Serial: class extends DeviceSerial {
        constructor(options: SerialOptions) {
          life.needPower();
          super(options, life);
        }
      },
      timers: {
        set: (callback, delayMs) => this.#setTimer(callback, delayMs),
        repeat: () => {
          throw new Error("the firmware uses one-shot timers only");
        },
        clear: (timer: TimerHandle | undefined) =>
          this.scene.clock.cancel(timer as Alarm | undefined),
      },
      ticks: () => this.ticks,
      resolve: (_host, found) => this.#resolve(found),
      openFlash: () => this.#openFlash(),
      openStorage: () => undefined,
      randomBytes: (count) => this.#randomBytes(count),
      crypto: nodeCrypto,
      trace: (line) => this.#trace(line),
      resetReason: () => reset,
    };
  }

  /** As device/platform/moddable.ts: whole milliseconds, one at least, by the device's clock. */
  #setTimer(callback: () => void, delayMs: number): TimerHandle {
    const trueMs = Math.max(1, Math.ceil(delayMs)) / this.device.plan.clockRate;
    return this.scene.clock.after(trueMs, () => this.enter(callback));
  }

  /** The device's flash; a cut of the power in the middle of a write is the end of this life. */
  #openFlash(): Flash | undefined {
    const { device } = this;
    const { flash } = device;
    if (flash === undefined) return undefined;
    const powered = (work: () => void) => {
      this.needPower();
      try {
        work();
      } catch (error) {
        if (error instanceof PowerCut) device.die();
        throw error;
      }
    };
    return {
      blockBytes: flash.blockBytes,
      blockCount: flash.blockCount,
      read: (offset, into) => powered(() => flash.read(offset, into)),
      write: (offset, bytes) => powered(() => flash.write(offset, bytes)),
      eraseBlock: (index) => powered(() => flash.eraseBlock(index)),
    };
  }

  #resolve(found: (address: string | undefined) => void): void {
    const { clock, conditions } = this.scene;
    clock.after(this.#chance.between(0.1, LOOKUP_MS_MAX), () => {
      const isLost = clock.nowMs < conditions.lookupFailsUntilMs;
      this.enter(() => found(isLost ? undefined : HOST_ADDRESS));
    });
  }

  #randomBytes(count: number): Uint8Array {
    const isEpoch = count === EPOCH_BYTES && this.isAlive;
    const bytes = (isEpoch && this.#epochBytes) || this.#chance.bytes(count);
    if (isEpoch) this.epoch = epochFromBytes(bytes);
    return bytes;
  }

  #trace(line: string): void {
    this.scene.story.tell(this.name, line);
    if (/refused \(|turned device|does not hold/.test(line))
      this.scene.fail("honest", `${this.name} was turned away: ${line}`);
  }
}
