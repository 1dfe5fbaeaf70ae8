// Brings devices that are here under an older key of theirs the newest one, inside their sealed sessions.
// What is still to be brought stands in the ring of keys alone: a collector that begins anew finds it there.

/** Between two tries with a device that stays, and neither takes the key nor says that it did. */
const AGAIN_MS = 600_000;

export interface KeyMoverOptions {
  /** Undefined where the device has its newest key, or has not proven any. */
  readonly newerKeyOf: (device: string) => Uint8Array | undefined;
  readonly bring: (device: string, key: Uint8Array, nowMs: number) => void;
}

export class KeyMover {
  readonly #options: KeyMoverOptions;
  /** When to look at a device again; without an entry there is nothing to do. */
  readonly #dueMs = new Map<string, number>();

  constructor(options: KeyMoverOptions) {
    this.#options = options;
  }

  /** The device has come, or keys were changed while it is here. */
  handleHere(device: string, nowMs: number): void {
    this.#dueMs.set(device, nowMs);
  }

  handleAway(device: string): void {
    this.#dueMs.delete(device);
  }

  pump(nowMs: number): void {
    for (const [device, dueMs] of this.#dueMs) {
      if (nowMs < dueMs) continue;
      const key = this.#options.newerKeyOf(device);
      if (key === undefined) {
        this.#dueMs.delete(device);
        continue;
      }
      this.#dueMs.set(device, nowMs + AGAIN_MS);
      this.#options.bring(device, key, nowMs);
    }
  }
}
