// Keeps a board in its WiFi network: joins, notices that it has lost it, joins again with backoff. Only
// this connects; the SDK's own start-up module, which keeps the firmware from starting where there is no
// network, is left out of the build (manifest.json).
//
// The class below it tells of changes only. It does not say why a network was not joined: where that goes on,
// a scan tells an absent network from one that turns us away. It joins nothing again by itself, and does
// not tell of an address that never comes, for which there is a time limit, nor of one that is lost, which
// shows in a collector that is silent. SDK 8.2.3, modules/io/wifi/esp32.

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
  /** Throws while another scan runs. What `onFound` throws is lost. */
  scan(options: { onFound(found: { readonly SSID: string }): void; onComplete(): void }): void;
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
const CONNECTION_ASSOCIATED = 400;
const CONNECTION_READY = 500;

/** How it stands with the network; the order is that of the labels. */
export const WIFI_LABELS = [
  "joined",
  "joining",
  "lost",
  "not joined",
  "no network of that name in reach",
  "turned away: is the password right?",
  "no address",
];
const JOINED = 0;
const JOINING = 1;
const LOST = 2;
const NOT_JOINED = 3;
const NOT_IN_REACH = 4;
const TURNED_AWAY = 5;
const NO_ADDRESS = 6;

/** Scanning, joining and DHCP take some 5 s at most; a board that still has no address begins anew. */
const JOINING_MS_MAX = 20_000;

/** A scan takes some 2 s, in which nothing can be joined: only a wait that is longer has room for one. */
const SCAN_WAIT_MS_MIN = 4_000;

const BACKOFF_MS_MIN = 500;
/** A network that comes back is joined within half a minute. */
const BACKOFF_MS_MAX = 30_000;

export class WifiKeeper {
  readonly #options: WifiKeeperOptions;
  readonly #wifi: WifiInterface;
  #failures = 0;
  /** Runs while there is no address: until the next try, or until this one has taken too long. */
  #timer: TimerHandle | undefined;
  #state = JOINING;

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

  /** How it stands: an index of `WIFI_LABELS`. While it is being joined anew, why it was not joined before. */
  get state(): number {
    return this.#state;
  }

  /** Nothing comes through the network, though it says that it is there: it is joined anew. */
  handleSilence(): void {
    if (!this.#isReady) return;
    this.#wifi.disconnect();
    this.#handleLost(LOST, "nothing comes through");
  }

  get #isReady(): boolean {
    return this.#state === JOINED;
  }

  #handleChange(): void {
    const { connection, address } = this.#wifi;
    if (connection >= CONNECTION_READY) this.#handleReady(address);
    else if (connection <= CONNECTION_OFF) this.#handleLost(this.#isReady ? LOST : NOT_JOINED);
  }

  #handleReady(address: string | undefined): void {
    if (this.#isReady) return;
    this.#state = JOINED;
    this.#failures = 0;
    this.#options.timers.clear(this.#timer);
    this.#options.trace(`wifi: joined ${this.#options.network.ssid} as ${address}`);
  }

  #handleLost(state: number, why = ""): void {
    const { trace, network } = this.#options;
    const what = state === LOST ? "lost" : "could not join";
    trace(`wifi: ${what} ${network.ssid}${why === "" ? "" : `: ${why}`}`);
    const isExplained = this.#state === NOT_IN_REACH || this.#state === TURNED_AWAY;
    if (!(isExplained && state === NOT_JOINED)) this.#state = state;
    const waitMs = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(this.#failures, 10), BACKOFF_MS_MAX);
    this.#failures++;
    this.#arm(waitMs, () => this.#join());
    if (waitMs >= SCAN_WAIT_MS_MIN && state !== NO_ADDRESS) this.#scan();
  }

  #join(): void {
    const { ssid, password } = this.#options.network;
    this.#arm(JOINING_MS_MAX, () => this.#giveUp());
    try {
      this.#wifi.connect(password === "" ? { SSID: ssid } : { SSID: ssid, password });
    } catch (error) {
      this.#options.trace(`wifi: ${String(error)}`); // the time limit tries again
    }
  }

  #giveUp(): void {
    const hasPassed = this.#wifi.connection >= CONNECTION_ASSOCIATED;
    this.#wifi.disconnect();
    if (hasPassed) this.#handleLost(NO_ADDRESS, "it gives no address");
    else this.#handleLost(NOT_JOINED);
  }

  /** Tells what the class does not: whether the network is there at all. */
  #scan(): void {
    const { ssid } = this.#options.network;
    let isInReach = false;
    const options = {
      onFound: ({ SSID }: { readonly SSID: string }) => {
        if (SSID === ssid) isInReach = true;
      },
      onComplete: () => this.#handleScanned(isInReach),
    };
    try {
      this.#wifi.scan(options);
    } catch (error) {
      this.#options.trace(`wifi: no scan: ${String(error)}`);
    }
  }

  #handleScanned(isInReach: boolean): void {
    if (this.#isReady) return; // it came too late
    this.#state = isInReach ? TURNED_AWAY : NOT_IN_REACH;
    this.#options.trace(`wifi: ${this.#options.network.ssid}: ${WIFI_LABELS[this.#state]}`);
  }

  #arm(delayMs: number, callback: () => void): void {
    const { timers } = this.#options;
    timers.clear(this.#timer);
    this.#timer = timers.set(callback, delayMs);
  }
}
