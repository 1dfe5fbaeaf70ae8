// A collector with everything around it: the store opened, the listeners listening. What
// `senda collect` and `senda demo` run, and what tests start.

import type { KeyRing } from "../../shared/seal/host-seal.ts";
import { monotonicMs } from "../clock.ts";
import type { Errand, Outcome } from "../commands/courier.ts";
import { deviceShelves, type FilesOptions } from "../files/device-shelves.ts";
import { Transfers } from "../files/transfers.ts";
import type { ApiServer, Controls } from "../http/api-server.ts";
import { WatchedKeys } from "../keys/key-file.ts";
import type { Address, SerialAddress } from "../links/address.ts";
import { LinkError } from "../links/listen-error.ts";
import { SerialHostPort } from "../links/serial-port.ts";
import { TcpListener } from "../links/tcp-listener.ts";
import { UdpListener } from "../links/udp-listener.ts";
import { PlainInputs, type PlainReport } from "../plain/plain-inputs.ts";
import type { PlainSpec } from "../plain/spec.ts";
import { StoreReader } from "../store/reader.ts";
import { Store } from "../store/store.ts";
import { Collector } from "./collector.ts";
import type { DeviceView } from "./device-board.ts";
import { type KnownDevice, knownDevices } from "./directory.ts";
import type { CollectorCounters, CollectorEvent } from "./events.ts";

export interface StationOptions {
  readonly db: string;
  /** Nothing more is stored, nor acknowledged, once the file has this size. */
  readonly dbSizeBytesMax?: number | undefined;
  /** See StoreOptions. */
  readonly mergeAfterMs?: number | undefined;
  readonly tcp: Address | "off";
  readonly udp: Address | "off";
  readonly serial: readonly SerialAddress[];
  /** Where the control API listens; where that is not asked for in so many words, the station goes without if need be. */
  readonly http?: { readonly address: Address; readonly isAsked: boolean } | "off" | undefined;
  /** For clients that do not speak our protocol: docs/PLAIN.md. */
  readonly plain?: readonly PlainSpec[];
  /** Where devices' files are kept; without it they are refused. */
  readonly files?: FilesOptions | undefined;
  /** Name and version, for the devices' logs. */
  readonly name: string;
  /** The devices' keys, or the file that has them; without either devices come in the clear. */
  readonly keys?: KeyRing | undefined;
  readonly keyFile?: string | undefined;
  readonly handleEvent: (event: CollectorEvent) => void;
}

/** Where a station really listens; undefined where it does not. */
export interface StationAddresses {
  readonly tcp: Address | undefined;
  readonly udp: Address | undefined;
  readonly http: Address | undefined;
  readonly serial: readonly string[];
}

export class Station {
  readonly collector: Collector;
  /** Resolves with the reason where the store ends for good; the station is then of no more use. */
  readonly failure: Promise<Error>;
  readonly #store: Store;
  readonly #keyFile: WatchedKeys | undefined;
  readonly #ports: (TcpListener | UdpListener | SerialHostPort)[] = [];
  #tcp: TcpListener | undefined;
  #udp: UdpListener | undefined;
  #api: ApiServer | undefined;
  /** Why there is no control API, where one was to be. */
  apiFault: string | undefined;
  #plain: PlainInputs | undefined;

  private constructor(store: Store, keyFile: WatchedKeys | undefined, options: StationOptions) {
    this.#store = store;
    this.#keyFile = keyFile;
    const { name, files, handleEvent, keys } = options;
    let fail: (error: Error) => void = () => undefined;
    this.failure = new Promise((resolve) => {
      fail = resolve;
    });
    this.collector = new Collector({
      store,
      name,
      keys: keyFile ?? keys,
      handleProven: (device, key) => keyFile?.handleProven(device, key),
      shelfOf: files === undefined ? undefined : deviceShelves(files),
      handleEvent,
      handleFailure: (error) => fail(error),
    });
  }

  /** Opens the store, then the listeners. Rejects with a KeyError, StoreError or LinkError, everything closed again. */
  static async open(options: StationOptions): Promise<Station> {
    const { db, dbSizeBytesMax: sizeBytesMax, mergeAfterMs, keyFile: path, handleEvent } = options;
    const keyFile =
      path === undefined
        ? undefined
        : new WatchedKeys({
            path,
            tell: (isOk, text) => handleEvent({ event: "keys", isOk, text }),
          });
    const store = await Store.open({
      path: db,
      ...(sizeBytesMax === undefined ? {} : { sizeBytesMax }),
      ...(mergeAfterMs === undefined ? {} : { mergeAfterMs }),
    }).catch((error: unknown) => {
      keyFile?.close();
      throw error;
    });
    const station = new Station(store, keyFile, options);
    if (keyFile !== undefined) keyFile.handleChange = () => station.collector.handleKeysChanged();
    try {
      await station.#listen(options);
      await station.#serveApi(options);
      await station.#openPlain(options);
      return station;
    } catch (error) {
      await station.close();
      throw error;
    }
  }

  /** The addresses in use; ports that were asked for as 0 have their number here. */
  addresses(serial: readonly SerialAddress[]): StationAddresses {
    return {
      tcp: this.#tcp?.address,
      udp: this.#udp?.address,
      http: this.#api?.address,
      serial: serial.map(({ path }) => path),
    };
  }

  /** All devices, plain ones last. */
  views(nowMs: number): DeviceView[] {
    return [...this.collector.board.views(nowMs), ...(this.#plain?.views(nowMs) ?? [])];
  }

  /** Where plain inputs really listen, and what came. */
  plainReports(): PlainReport[] {
    return this.#plain?.reports() ?? [];
  }

  get counters(): CollectorCounters {
    return this.collector.counters;
  }

  /** Stops in order: no new links, everything that came is on disk, devices told, files closed. */
  async close(): Promise<void> {
    try {
      await this.#api?.close();
      this.#plain?.stop();
      await this.collector.stop();
    } finally {
      this.#keyFile?.close();
      this.#plain?.close();
      for (const port of this.#ports) port.close();
      await this.#store.close();
    }
  }

  async #serveApi(options: StationOptions): Promise<void> {
    const { http } = options;
    if (http === undefined || http === "off") return;
    const { ApiServer } = await import("../http/api-server.ts");
    try {
      this.#api = await ApiServer.open(http.address, new StationControls(this.collector, options));
    } catch (error) {
      if (http.isAsked || !(error instanceof LinkError)) throw error;
      this.apiFault = error.message;
    }
  }

  async #openPlain({ plain: specs = [], handleEvent }: StationOptions): Promise<void> {
    if (specs.length === 0) return;
    const store = this.#store;
    const plain = await PlainInputs.open({ specs, store, handleEvent });
    this.#plain = plain;
    const { onCommit } = store;
    store.onCommit = (commit) => {
      onCommit(commit);
      plain.handleCommit(commit);
    };
  }

  async #listen({ tcp, udp, serial }: StationOptions): Promise<void> {
    if (tcp !== "off") {
      this.#tcp = await TcpListener.open(tcp, this.collector);
      this.#ports.push(this.#tcp);
    }
    if (udp !== "off") {
      this.#udp = await UdpListener.open(udp, this.collector);
      this.#ports.push(this.#udp);
    }
    for (const address of serial) {
      this.#ports.push(await SerialHostPort.open(address, this.collector));
    }
  }
}

/** What the control API may ask. */
class StationControls implements Controls {
  readonly transfers: Transfers | undefined;
  readonly #collector: Collector;
  readonly #db: string;

  constructor(collector: Collector, { db, files }: StationOptions) {
    this.#collector = collector;
    this.#db = db;
    this.transfers = files === undefined ? undefined : new Transfers(collector.blobs, files.folder);
  }

  async devices(): Promise<readonly KnownDevice[]> {
    const reader = await StoreReader.open(this.#db);
    try {
      return knownDevices(this.#collector.board, reader, monotonicMs());
    } finally {
      reader.close();
    }
  }

  run(device: string, errand: Errand): Promise<Outcome> {
    return this.#collector.run(device, errand);
  }
}
