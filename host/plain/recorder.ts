// The plain devices of a collector: finds each by its input and name, sees to it that rows do not wait
// long, and passes on what the store says is on disk.

import { monotonicMs } from "../clock.ts";
import { DeviceBoard } from "../collector/device-board.ts";
import type { Commit } from "../store/operation.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { DEVICES_PER_INPUT_MAX, VALUES_WAITING_MAX } from "./limits.ts";
import { PlainDevice, type PlainDeviceOptions } from "./plain-device.ts";
import type { RecordStore } from "./record-store.ts";

/** A row waits so long for others before its batch is stored. */
const FLUSH_PERIOD_MS = 1_000;

/** The same where a client waits for the answer that its readings are on disk. */
const FLUSH_SOON_MS = 20;

type DeviceRequest = Omit<PlainDeviceOptions, "store" | "allWaiting" | "handleFailure">;

export class Recorder {
  readonly board = new DeviceBoard<PlainDevice>();
  /** By input and name. */
  readonly #devices = new Map<object, Map<string, PlainDevice>>();
  readonly #byEpoch = new Map<number, PlainDevice>();
  readonly #store: RecordStore & { isClosed: boolean };
  readonly #allWaiting = { values: 0 };
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = {
      resume: (hello, receivedUs) => store.resume(hello, receivedUs),
      putSchema: (epochId, number, body) => store.putSchema(epochId, number, body),
      append: (epochId, record, meta) => store.append(epochId, record, meta),
      putClock: (epochId, sample) => store.putClock(epochId, sample),
      handleBegun: (epochId, device) => this.#byEpoch.set(epochId, device),
      isClosed: false,
    };
    this.#timer = setInterval(() => this.flush(), FLUSH_PERIOD_MS);
  }

  /** The device of that name at an input; undefined where the input has as many as it may. */
  deviceOf(input: object, request: DeviceRequest): PlainDevice | undefined {
    const devices = this.#devices.get(input) ?? new Map<string, PlainDevice>();
    this.#devices.set(input, devices);
    const known = devices.get(request.name);
    if (known !== undefined || devices.size >= DEVICES_PER_INPUT_MAX) return known;
    const handleFailure = () => devices.delete(request.name); // the next row tries again
    const own = { store: this.#store, allWaiting: this.#allWaiting, handleFailure };
    const device = new PlainDevice({ ...request, ...own });
    devices.set(request.name, device);
    this.board.handleSession(device, monotonicMs());
    return device;
  }

  /** Whether the rows that wait leave room for so many values. */
  hasRoomFor(values: number): boolean {
    const waiting = this.#allWaiting;
    if (waiting.values + values > VALUES_WAITING_MAX) this.flush();
    return waiting.values + values <= VALUES_WAITING_MAX;
  }

  /** Someone waits for what came just now. */
  flushSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.flush();
    }, FLUSH_SOON_MS);
  }

  /** Hands all rows to the store; where that has failed, which it tells by itself, they are lost. */
  flush(): void {
    try {
      for (const device of this.#all()) device.flush();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.close();
    }
  }

  handleCommit(commit: Commit): void {
    this.board.handleCommit(commit, (epochId) => this.#byEpoch.get(epochId));
    for (const { epochId, next } of commit.stored) this.#byEpoch.get(epochId)?.handleStored(next);
    for (const { epochId } of commit.refused) this.#forget(epochId);
  }

  /** Nothing is stored any more. */
  close(): void {
    this.#store.isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  /** The store takes nothing more of this epoch: the next row begins another one. */
  #forget(epochId: number): void {
    const device = this.#byEpoch.get(epochId);
    this.#byEpoch.delete(epochId);
    device?.abandon();
    for (const devices of this.#devices.values()) {
      if (device !== undefined && devices.get(device.device) === device) {
        devices.delete(device.device);
      }
    }
  }

  *#all(): Generator<PlainDevice> {
    for (const devices of this.#devices.values()) yield* devices.values();
  }
}
