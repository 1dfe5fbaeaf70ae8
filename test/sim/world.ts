// One world: its devices, its collector, its disk, its weather and its checkers, all from one seed.
// First faults rage and everything must be safe; then all is healed and everything must drain. It ends
// with a verdict: what was found, or that all is as promised.

import type { Settings } from "../../device/settings.ts";
import type { BatchColumns } from "../../shared/batch/columns.ts";
import type { Gap } from "../../shared/message/message.ts";
import type { Outbox } from "../../shared/outbox.ts";
import type { HostSession } from "../../shared/session/host-session.ts";
import { Chance } from "./chance.ts";
import { Accounts } from "./checkers/accounts.ts";
import { Acknowledged } from "./checkers/acknowledged.ts";
import { Bounds } from "./checkers/bounds.ts";
import { type Checker, rowsOf } from "./checkers/checker.ts";
import { Commands } from "./checkers/commands.ts";
import { InOrder } from "./checkers/in-order.ts";
import { Kept } from "./checkers/kept.ts";
import { StoredOnce } from "./checkers/stored-once.ts";
import { Times } from "./checkers/times.ts";
import { VirtualClock } from "./clock.ts";
import { describeMessage } from "./describe.ts";
import { SimulatedDevice } from "./device.ts";
import { Disk, type DiskWatcher, type DurableEpoch } from "./disk.ts";
import { FileTraffic } from "./file-traffic.ts";
import type { Life } from "./life.ts";
import { type ClockMapping, ModelStore, type ModelStoreOptions } from "./model-store.ts";
import { Orders } from "./orders.ts";
import { type FaultKind, planOf, type WorldPlan } from "./plan.ts";
import { Conditions, type Scene } from "./scene.ts";
import { useWatcher, type Watcher } from "./spies.ts";
import { Station } from "./station.ts";
import { Story } from "./story.ts";
import { useVirtualHost, VirtualHost } from "./virtual-globals.ts";
import { Weather } from "./weather.ts";

/** Everything must have drained so long after all is healed. */
const DRAIN_MS_MAX = 120_000;

/** How often the world looks whether it has, and whether the collector keeps its bounds. */
const LOOK_MS = 250;

/** Turns of the microtask queue that an orderly stop of the collector may need: it awaits one promise. */
const MICROTASK_TURNS = 8;

/** Devices are switched on one after the other. */
const SWITCH_ON_MS_MAX = 2_000;

/** What sabotage may put in place of the real parts. */
export interface WorldParts {
  readonly createStore: (options: ModelStoreOptions) => ModelStore;
  readonly settingsOf: (settings: Settings) => Settings;
  readonly epochBytesOf: (device: SimulatedDevice) => Uint8Array | undefined;
}

const REAL_PARTS: WorldParts = {
  createStore: (options) => new ModelStore(options),
  settingsOf: (settings) => settings,
  epochBytesOf: () => undefined,
};

interface Violation {
  readonly checker: string;
  readonly text: string;
  readonly atMs: number;
}

export interface Verdict {
  readonly seed: number;
  readonly hasFiles: boolean;
  /** What is not as it must be; undefined where all is. */
  readonly violation: Violation | undefined;
  readonly virtualMs: number;
  readonly steps: number;
  readonly drainMs: number;
  readonly lives: number;
  readonly readings: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly fingerprint: string;
  readonly story: readonly string[];
}

export interface WorldOptions {
  readonly seed: number;
  readonly isTold?: boolean;
  /** Files go both ways beside the readings. */
  readonly hasFiles?: boolean;
  readonly parts?: Partial<WorldParts>;
}

/** Runs the world of `seed` to its end. Virtual globals and spies must be in place (simulator.ts). */
export async function runWorld(options: WorldOptions): Promise<Verdict> {
  const world = new World(options);
  return world.run();
}

class World implements Scene, Watcher, DiskWatcher {
  readonly clock = new VirtualClock();
  readonly plan: WorldPlan;
  readonly chance: Chance;
  readonly story: Story;
  readonly conditions: Conditions;
  readonly station: Station;
  running: Life | undefined;

  readonly #parts: WorldParts;
  readonly #host: VirtualHost;
  readonly #disk = new Disk(this);
  readonly #devices: readonly SimulatedDevice[];
  readonly #weather: Weather;
  readonly #files: FileTraffic | undefined;
  readonly #lives: Life[] = [];
  readonly #lifeOfEpoch = new Map<string, Life>();
  readonly #times = new Times();
  readonly #bounds = new Bounds();
  readonly #kept = new Kept();
  readonly #commands = new Commands();
  /** The order decides which one speaks first where several see the same fault. */
  readonly #checkers: readonly Checker[] = [
    new Acknowledged(),
    new StoredOnce(),
    new InOrder(),
    new Accounts(),
    this.#times,
  ];
  #violation: Violation | undefined;
  #lifeCount = 0;

  constructor({ seed, isTold = false, hasFiles = false, parts }: WorldOptions) {
    this.plan = planOf(seed);
    this.chance = new Chance(seed ^ 0x5eed_5eed);
    this.story = new Story(this.clock, isTold);
    this.conditions = new Conditions(this.plan, this.chance);
    this.#parts = { ...REAL_PARTS, ...parts };
    this.#host = new VirtualHost(this.clock, this.chance.fork());
    this.#files = hasFiles ? new FileTraffic(this, () => this.station) : undefined;
    this.station = new Station({
      scene: this,
      files: this.#files,
      host: this.#host,
      createStore: (handleFatalCommit) => this.#createStore(handleFatalCommit),
      lines: () => this.#devices.map(({ line }) => line),
    });
    this.#devices = this.plan.devices.map((plan) => this.#createDevice(plan));
    new Orders(this, this.#devices, this.#commands);
    this.#weather = new Weather({
      scene: this,
      devices: this.#devices,
      disk: this.#disk,
      host: this.#host,
    });
  }

  async run(): Promise<Verdict> {
    useWatcher(this);
    try {
      this.#begin();
      await this.#runUntil(this.plan.faultsMs, () => false);
      const isSafe = this.#violation === undefined;
      if (isSafe) this.#live(() => this.#weather.heal());
      const endMs = this.clock.nowMs + DRAIN_MS_MAX;
      const hasDrained = isSafe && (await this.#runUntil(endMs, () => this.#isDrained()));
      if (isSafe) this.#live(() => this.#judge(hasDrained));
      return this.#verdict();
    } finally {
      useWatcher(undefined);
      useVirtualHost(undefined);
    }
  }

  fail(checker: string, text: string): void {
    if (this.#violation !== undefined) return;
    this.#violation = { checker, text, atMs: this.clock.nowMs };
    this.story.tell("CHECKER", `${checker}: ${text}`);
  }

  handleArrival(life: Life, message: Uint8Array, isDatagram: boolean): void {
    this.story.note(message);
    if (this.story.isTold) this.story.tell(life.name, `> ${describeMessage(message, isDatagram)}`);
    if (this.plan.isSealed) return; // what it says is for the collector alone
    let durableNext = 0;
    for (const { name, epoch } of life.device.lives) {
      durableNext = Math.max(durableNext, this.#disk.find(name, epoch)?.next ?? 0);
    }
    this.#note("bounds", this.#bounds.checkArrival(message, isDatagram, durableNext));
  }

  handleSettings(life: Life, text: string): void {
    const token = Orders.tokenIn(text);
    if (token !== undefined) this.#note("commands", this.#commands.handleRan(token, life.name));
  }

  handleSent(where: string, message: Uint8Array, isDatagram: boolean): void {
    if (this.story.isTold) this.story.tell(where, `< ${describeMessage(message, isDatagram)}`);
  }

  // Watcher

  handleOutbox(outbox: Outbox): void {
    const { running } = this;
    if (running !== undefined) this.#note("bounds", this.#bounds.checkOutbox(running, outbox));
  }

  handleReleased(epoch: string | undefined, next: number): void {
    if (this.running === undefined) return;
    const { name } = this.running;
    const life = epoch === undefined ? this.running : this.#lifeOfEpoch.get(`${epoch} ${name}`);
    if (life === undefined) {
      this.fail("in order", `${name} has an epoch ${epoch} of nobody's in flash`);
      return;
    }
    const durable = this.#disk.find(name, life.epoch);
    this.#ask((checker) => checker.handleReleased?.(life, next, durable));
  }

  handleKept(epoch: string, next: number): void {
    if (this.running !== undefined) this.#kept.handleKept(this.running.name, epoch, next);
  }

  handleSession(session: HostSession): void {
    this.#note("bounds", this.#bounds.checkSession(session));
  }

  // DiskWatcher

  handleDurableBatch(epoch: DurableEpoch, sequence: number, columns: BatchColumns): void {
    const life = this.#lifeOf(epoch);
    if (life === undefined) return;
    const channels = epoch.schemas.get(columns.schema)!.channels.length;
    const rows = rowsOf(columns, channels);
    if (this.story.isTold) {
      const samples = `${rows[0]!.sample} to ${rows.at(-1)!.sample}`;
      this.story.tell(
        "disk",
        `${life.name} life ${life.number}: batch ${sequence}, samples ${samples}`,
      );
    }
    this.#ask((checker) => checker.handleBatch?.(life, sequence, rows));
  }

  handleDurableGap(epoch: DurableEpoch, gap: Gap): void {
    const life = this.#lifeOf(epoch);
    if (life === undefined) return;
    const { sequence, count, readings, reason } = gap;
    this.story.tell(
      "disk",
      `${life.name} life ${life.number}: gap ${sequence} for ${count}, ${readings} readings (${reason})`,
    );
    this.#ask((checker) => checker.handleGap?.(life, gap));
  }

  handleElsewhere(epoch: DurableEpoch, next: number): void {
    this.fail("acknowledged", `the device has let go of records ${epoch.next} to ${next - 1}`);
  }

  #createStore(handleFatalCommit: () => void): ModelStore {
    const { clock, plan, story } = this;
    return this.#parts.createStore({
      clock,
      plan,
      story,
      chance: this.chance.fork(),
      disk: this.#disk,
      handleFatalCommit,
      handleClock: (epoch, mapping) => this.#handleClock(epoch, mapping),
    });
  }

  #createDevice(plan: WorldPlan["devices"][number]): SimulatedDevice {
    return new SimulatedDevice({
      scene: this,
      plan,
      samplesUntilMs: this.plan.faultsMs,
      settingsOf: this.#parts.settingsOf,
      epochBytesOf: this.#parts.epochBytesOf,
      nextLifeNumber: () => ++this.#lifeCount,
      handleBorn: (life) => this.#handleBorn(life),
      files: this.#files,
    });
  }

  #handleBorn(life: Life): void {
    this.#lives.push(life);
    const key = `${life.epoch} ${life.name}`;
    if (!this.#lifeOfEpoch.has(key)) this.#lifeOfEpoch.set(key, life);
  }

  #begin(): void {
    this.#live(() => this.station.start());
    this.#files?.begin(this.#devices, this.plan.faultsMs);
    for (const device of this.#devices) {
      this.clock.after(this.chance.between(0, SWITCH_ON_MS_MAX), () => device.switchOn());
    }
    this.#look();
  }

  #look(): void {
    this.clock.after(LOOK_MS, () => {
      const { hub, store } = this.station;
      const count = this.#devices.length;
      const waiting = store?.recordsWaiting ?? 0;
      this.#note("bounds", this.#bounds.checkCollector(hub?.links ?? 0, waiting, count));
      this.#look();
    });
  }

  /** Lets time pass until `endMs`, a violation, or what is waited for. Returns whether that came. */
  async #runUntil(endMs: number, isOver: () => boolean): Promise<boolean> {
    let lookAtMs = 0;
    while (this.#violation === undefined) {
      if (this.clock.nowMs >= lookAtMs) {
        lookAtMs = this.clock.nowMs + LOOK_MS;
        if (isOver()) return true;
      }
      let isMore = false;
      this.#live(() => {
        isMore = this.#stepUntil(endMs, lookAtMs);
      });
      if (this.station.needsMicrotasks) await this.#runMicrotasks();
      else if (!isMore) return isOver();
    }
    return false;
  }

  /** Steps in one go up to the next look, for a promise costs more than a step. False at the end. */
  #stepUntil(endMs: number, lookAtMs: number): boolean {
    const { clock, station } = this;
    while (clock.nowMs < lookAtMs) {
      if (!clock.step(endMs)) return false;
      if (station.needsMicrotasks || this.#violation !== undefined) return true;
    }
    return true;
  }

  async #runMicrotasks(): Promise<void> {
    this.station.needsMicrotasks = false;
    useVirtualHost(this.#host);
    try {
      for (let turn = 0; turn < MICROTASK_TURNS; turn++) await undefined;
    } finally {
      useVirtualHost(undefined);
    }
  }

  /** Runs on virtual time. An exception is a finding: nothing in a world may throw. */
  #live(run: () => void): void {
    useVirtualHost(this.#host);
    try {
      run();
    } catch (error) {
      this.fail("exception", error instanceof Error ? (error.stack ?? error.message) : `${error}`);
    } finally {
      useVirtualHost(undefined);
    }
  }

  #isDrained(): boolean {
    const areFilesDone = this.#files?.isDrained ?? true;
    return areFilesDone && this.#devices.every(({ life }) => life?.firmware.status.isDone === true);
  }

  #judge(hasDrained: boolean): void {
    if (this.#violation !== undefined) return;
    if (!hasDrained) {
      const stuck = this.#devices.filter(({ life }) => life?.firmware.status.isDone !== true);
      const names = stuck.map(({ plan }) => plan.name).join(", ") || "files";
      this.fail("liveness", `${names}: not drained ${DRAIN_MS_MAX / 1_000} s after all was healed`);
      return;
    }
    for (const { life } of this.#devices) this.#ask((checker) => checker.handleEnd?.(life!));
    this.#note("kept", this.#kept.checkEnd(this.#disk));
    this.#note("commands", this.#commands.checkEnd());
  }

  #verdict(): Verdict {
    const { clock, plan, story } = this;
    return {
      seed: plan.seed,
      hasFiles: this.#files !== undefined,
      violation: this.#violation,
      virtualMs: clock.nowMs,
      steps: clock.steps,
      drainMs: Math.max(0, clock.nowMs - plan.faultsMs),
      lives: this.#lives.length,
      readings: this.#lives.reduce((sum, { ledger }) => sum + ledger.readings, 0),
      faults: story.faults,
      fingerprint: story.fingerprint,
      story: story.lines,
    };
  }

  #handleClock(epoch: DurableEpoch, mapping: ClockMapping): void {
    const life = this.#lifeOf(epoch);
    if (life === undefined) return;
    const { nowMs } = this.clock;
    this.#note("times", this.#times.handleClock(life, mapping, nowMs, this.#host.utcMs));
  }

  #lifeOf({ device, epoch }: DurableEpoch): Life | undefined {
    const life = this.#lifeOfEpoch.get(`${epoch} ${device}`);
    if (life === undefined) this.fail("in order", `the store has an epoch ${epoch} of nobody's`);
    return life;
  }

  #ask(question: (checker: Checker) => string | undefined): void {
    for (const checker of this.#checkers) this.#note(checker.name, question(checker));
  }

  #note(checker: string, finding: string | undefined): void {
    if (finding !== undefined) this.fail(checker, finding);
  }
}
