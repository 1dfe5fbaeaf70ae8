// The files of a device on their way: the exchange, what it has to tell, and the shelf that it is over.

import { type BlobEvent, BlobExchange } from "../../shared/blob/exchange.ts";
import type { BlobShelf } from "../../shared/blob/shelf.ts";
import type { BlobPurpose } from "../../shared/errors.ts";
import { type Platform, randomU32 } from "../platform/platform.ts";
import type { SettingsKeeper } from "../settings-keeper.ts";
import { DeviceShelf } from "./device-shelf.ts";

/** Bytes of one file that may be on their way to a board: of TCP's window, the part that is there on all. */
const WINDOW_BYTES = 4_096;

export interface DeviceFilesOptions {
  readonly platform: Platform;
  readonly keeper: SettingsKeeper;
  /** Where files come from and go to; without it the device has none. */
  readonly shelf?: BlobShelf | undefined;
  /** A file came, or went, or did not. */
  readonly handleBlob?: ((event: BlobEvent) => void) | undefined;
}

export class DeviceFiles {
  readonly exchange: BlobExchange;
  readonly #options: DeviceFilesOptions;
  readonly shelf: BlobShelf;

  constructor(options: DeviceFilesOptions) {
    const { shelf, platform, keeper } = options;
    this.#options = options;
    this.shelf = new DeviceShelf(shelf, platform.update, keeper.settings.updateKey);
    this.exchange = new BlobExchange({ shelf: this.shelf, windowBytes: WINDOW_BYTES });
  }

  /** Sends a file to the collector, now or when there is one. Throws a BlobFault where there is no such file. */
  send(purpose: BlobPurpose, name: string): boolean {
    const source = this.shelf.openSource(purpose, name);
    return this.exchange.send(randomU32(this.#options.platform), purpose, name, source);
  }

  /** Whether a file of this name is on its way to the collector, or waits for its turn. */
  isSending(name: string): boolean {
    return this.exchange.views().some((view) => !view.isIncoming && view.name === name);
  }

  /** Passes on what has ended. */
  tell(): void {
    const { exchange } = this;
    for (let event = exchange.pollEvent(); event !== undefined; event = exchange.pollEvent()) {
      this.#options.platform.trace(`file ${event.name}: ${event.status}: ${event.text}`);
      this.#options.handleBlob?.(event);
    }
  }
}
