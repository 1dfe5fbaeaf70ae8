// A device's way to the collector: what every kind of link offers to the loads.

import type { LoadDevice } from "./device.ts";

export interface Carrier {
  readonly device: LoadDevice;
  /** Sends so many of the device's next batches. */
  sendBatches(count: number): void;
  /** Sends one message that is no batch. */
  send(message: Uint8Array): void;
  /** False while the link takes no more. */
  readonly isReady: boolean;
  /** Told when something came that may let more batches out. */
  onProgress: () => void;
  close(): void;
}
