// Keeps a board in its WiFi network: joins, notices that it has lost it, joins again with backoff. Only
// this connects; the SDK's own start-up module, which keeps the firmware from starting where there is no
// network, is left out of the build (manifest.json).
//
// The class below it tells of changes only. It does not say why a network was not joined (a wrong password
// looks like an absent network), joins nothing again by itself, and does not tell of an address that
// never comes: for that there is a time limit. SDK 8.2.3, modules/io/wifi/esp32.

import type { TimerHandle, Timers } from "./ecma419.ts";

/** What `embedded:network/interface/wifi` gives, as far as it is used. */
export interface WifiInterface {
  /** 200 off, 300 connecting, 400 associated, 500 with an address. */
  readonly connection: number;
  readonly address?: string;
  readonly RSSI?: number;
  /** Throws while it is connecting. */
  connect(network: { SSID: string; password?: string }): void;
  /** Ends what it does, without telling of a change. */
  disconnect(): void;
}

export type WifiConstructor = new (options: {
  onChanged(this: WifiInterface, what: string): void;
}) => WifiInterface;

export interface WifiNetwork {
  readonly ssid: string;
  /** "" for an open network. */
  readonly password: string;
}

export interface WifiKeeperOptions {
  readonly WiFi: WifiConstructor;
  readonly timers: Timers;
  readonly network: WifiNetwork;
  readonly trace: (line: string) => void;
}

const CONNECTION_OFF = 200;
const CONNECTION_READY = 500;

/** Scanning, joining and DHCP take some 5 s at most; a board that still has no address begins anew. */
const JOINING_MS_MAX = 20_000;

const BACKOFF_MS_MIN = 500;
/** A network that comes back is joined within half a minute. */
const BACKOFF_MS_MAX = 30_000;

export class WifiKeeper {
  readonly #options: WifiKeeperOptions;
  readonly #wifi: WifiInterface;
  #failures = 0;
  /** Runs while there is no address: until the next try, or until this one has taken too long. */
  #timer: TimerHandle | undefined;
  #isReady = false;

  constructor(options: WifiKeeperOptions) {
    this.#options = options;
    const keeper = this;
    this.#wifi = new options.WiFi({
      onChanged() {
        keeper.#handleChange();
      },
    });
    this.#join();
  }

  /** Signal strength in dBm; undefined where there is no network. */
  get rssi(): number | undefined {
    return this.#isReady ? this.#wifi.RSSI : undefined;
  }

  #handleChange(): void {
    const { connection, address } = this.#wifi;
    if (connection >= CONNECTION_READY) this.#handleReady(address);
    else if (connection <= CONNECTION_OFF) this.#handleLost();
  }

  #handleReady(address: string | undefined): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#failures = 0;
    this.#options.timers.clear(this.#timer);
    this.#options.trace(`wifi: joined ${this.#options.network.ssid} as ${address}`);
  }

  #handleLost(): void {
    const { trace, network } = this.#options;
    trace(`wifi: ${this.#isReady ? "lost" : "could not join"} ${network.ssid}`);
    this.#isReady = false;
    const waitMs = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(this.#failures, 10), BACKOFF_MS_MAX);
    this.#failures++;
    this.#arm(waitMs, () => this.#join());
  }

  #join(): void {
    const { ssid, password } = this.#options.network;
    this.#arm(JOINING_MS_MAX, () => {
      this.#wifi.disconnect();
      this.#handleLost();
    });
    try {
      this.#wifi.connect(password === "" ? { SSID: ssid } : { SSID: ssid, password });
    } catch (error) {
      this.#options.trace(`wifi: ${String(error)}`); // the time limit tries again
    }
  }

  #arm(delayMs: number, callback: () => void): void {
    const { timers } = this.#options;
    timers.clear(this.#timer);
    this.#timer = timers.set(callback, delayMs);
  }
}
