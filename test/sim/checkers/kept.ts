// What flash has taken outlives its device's lives: once all has drained, every record that any life of
// a device had appended to its log is accounted for on disk.

import type { Disk } from "../disk.ts";

interface KeptEpoch {
  readonly device: string;
  readonly epoch: string;
  next: number;
}

export class Kept {
  readonly #epochs = new Map<string, KeptEpoch>();

  /** The flash of `device` has the records of `epoch` before `next`. */
  handleKept(device: string, epoch: string, next: number): void {
    const key = `${epoch} ${device}`;
    const known = this.#epochs.get(key);
    if (known === undefined) this.#epochs.set(key, { device, epoch, next });
    else known.next = Math.max(known.next, next);
  }

  checkEnd(disk: Disk): string | undefined {
    for (const { device, epoch, next } of this.#epochs.values()) {
      const durableNext = disk.find(device, epoch)?.next ?? 0;
      if (durableNext < next) {
        return `${device} had the records before ${next} of epoch ${epoch} in flash; before ${durableNext} are stored`;
      }
    }
    return undefined;
  }
}
