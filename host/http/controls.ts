// What the API may have the collector and its devices do.

import type { Errand, Outcome } from "../commands/courier.ts";
import type { Transfers } from "../files/transfers.ts";

export interface Controls {
  /** Those that have been here. Rejects with a StoreError where the store cannot be read. */
  knownDevices(): Promise<readonly { readonly name: string; readonly isHere: boolean }[]>;
  run(device: string, errand: Errand): Promise<Outcome>;
  /** Undefined where the collector keeps no files. */
  readonly transfers: Transfers | undefined;
}
