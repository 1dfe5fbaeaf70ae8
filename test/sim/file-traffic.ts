// Files in a simulated world: every device and the collector send each other some while faults rage, and
// send them again where a death made them forget. What is said to be done must be there, bit by bit; when
// all is healed, everything must come.

import type { CollectorEvent } from "../../host/collector/events.ts";
import type { BlobEvent } from "../../shared/blob/exchange.ts";
import type { BlobShelf } from "../../shared/blob/shelf.ts";
import { MemoryShelf } from "../blob/memory-shelf.ts";
import { Chance } from "./chance.ts";
import type { SimulatedDevice } from "./device.ts";
import type { Scene } from "./scene.ts";
import type { Station } from "./station.ts";

const FILES_SALT = 0xf11e;

/** Of each device, each way. */
const FILES_MAX = 3;
const FILE_BYTES_MAX = 12_000;

/** How often a person looks whether a file that they sent is there. */
const LOOK_MS = 3_000;

/**
 * What may come of a transfer in bad weather, "cancelled" where the collector stops in order meanwhile; all
 * else means that something is broken.
 */
const EXPECTED: readonly string[] = ["done", "unknown", "busy", "cancelled"];

interface WantedFile {
  readonly device: SimulatedDevice;
  readonly isUp: boolean;
  readonly name: string;
  readonly bytes: Uint8Array;
  isDone: boolean;
}

export class FileTraffic {
  readonly #scene: Scene;
  readonly #chance: Chance;
  readonly #station: () => Station;
  readonly #wanted: WantedFile[] = [];
  /** By device: what it keeps, and what the collector keeps of it. Both outlive all deaths. */
  readonly #boards = new Map<string, MemoryShelf>();
  readonly #folders = new Map<string, MemoryShelf>();

  constructor(scene: Scene, station: () => Station) {
    this.#scene = scene;
    this.#station = station;
    this.#chance = new Chance(scene.plan.seed ^ FILES_SALT);
  }

  get isDrained(): boolean {
    return this.#wanted.every(({ isDone }) => isDone);
  }

  /** Draws the files of the devices, and when they are sent first. */
  begin(devices: readonly SimulatedDevice[], untilMs: number): void {
    for (const device of devices) {
      const count = this.#chance.integer(1, FILES_MAX);
      for (const isUp of [true, false]) {
        for (let file = 0; file < count; file++) {
          this.#plan(device, isUp, `${isUp ? "up" : "down"}-${file}.bin`, untilMs);
        }
      }
    }
  }

  boardShelf(device: string): BlobShelf {
    return shelfIn(this.#boards, device);
  }

  folderShelf(device: string): BlobShelf {
    return shelfIn(this.#folders, device);
  }

  handleDeviceEvent(device: string, event: BlobEvent): void {
    this.#judge(device, !event.isIncoming, event);
  }

  handleCollectorEvent(event: CollectorEvent): void {
    if (event.event === "file") this.#judge(event.device, event.isIncoming, event);
  }

  #plan(device: SimulatedDevice, isUp: boolean, name: string, untilMs: number): void {
    const bytes = this.#chance.bytes(this.#chance.integer(0, FILE_BYTES_MAX));
    const file = { device, isUp, name, bytes, isDone: false };
    this.#wanted.push(file);
    if (isUp) shelfIn(this.#boards, device.plan.name).files.set(name, bytes);
    this.#scene.clock.after(this.#chance.between(0, untilMs), () => this.#send(file));
  }

  /** Sends the file, and again as long as nobody has said that it is there. */
  #send(file: WantedFile): void {
    if (file.isDone) return;
    if (file.isUp) this.#sendUp(file);
    else this.#sendDown(file);
    this.#scene.clock.after(LOOK_MS, () => this.#send(file));
  }

  #sendUp({ device, name }: WantedFile): void {
    const { life } = device;
    if (life === undefined || life.firmware.isSending(name)) return;
    life.enter(() => life.firmware.sendFile("file", name));
  }

  #sendDown({ device, name, bytes }: WantedFile): void {
    const blobs = this.#station().hub?.collector.blobs;
    const isOnItsWay = (view: { isIncoming: boolean; name: string }) =>
      !view.isIncoming && view.name === name;
    if (blobs === undefined || blobs.views(device.plan.name).some(isOnItsWay)) return;
    const source = shelfIn(this.#folders, device.plan.name).sourceOf(bytes);
    blobs.put(device.plan.name, "file", { name, source });
  }

  #judge(device: string, isUp: boolean, { name, status, text }: BlobEvent): void {
    const file = this.#wanted.find(
      (each) => each.device.plan.name === device && each.isUp === isUp && each.name === name,
    );
    const what = `${name} ${isUp ? "from" : "for"} ${device}`;
    this.#scene.story.tell("files", `${what}: ${status} ${text}`);
    if (file === undefined) this.#scene.fail("files", `${what}: nobody sent it`);
    else if (!EXPECTED.includes(status)) this.#scene.fail("files", `${what}: ${status}: ${text}`);
    if (file === undefined || status !== "done") return;
    const kept = shelfIn(isUp ? this.#folders : this.#boards, device).files.get(name);
    if (kept === undefined || !Buffer.from(kept).equals(file.bytes)) {
      this.#scene.fail("files", `${what} is said to be done, and is not what was sent`);
    }
    file.isDone = true;
  }
}

function shelfIn(shelves: Map<string, MemoryShelf>, device: string): MemoryShelf {
  const shelf = shelves.get(device) ?? new MemoryShelf();
  shelves.set(device, shelf);
  return shelf;
}
