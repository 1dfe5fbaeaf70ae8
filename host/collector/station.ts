// A collector with everything around it: the store opened, the listeners listening. What
// `senda collect` and `senda demo` run, and what tests start.

import type { KeyRing } from "../../shared/seal/host-seal.ts";
import { deviceShelves, type FilesOptions } from "../files/device-shelves.ts";
import { Transfers } from "../files/transfers.ts";
import type { HttpOptions, HttpServer } from "../http/server.ts";
import { WatchedKeys } from "../keys/key-file.ts";
import type { Address, SerialAddress } from "../links/address.ts";
import { SerialHostPort } from "../links/serial-port.ts";
import { TcpListener } from "../links/tcp-listener.ts";
import { UdpListener } from "../links/udp-listener.ts";
import { PlainInputs, type PlainReport } from "../plain/plain-inputs.ts";
import type { PlainSpec } from "../plain/spec.ts";
import { Store } from "../store/store.ts";
import { Collector } from "./collector.ts";
import type { DeviceView } from "./device-board.ts";
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
  /** Where the API and the dashboard are served; nowhere unless told. */
  readonly http?: HttpOptions | "off";
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
  #http: HttpServer | undefined;
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
      handleEvent: (event) => {
        handleEvent(event);
        this.#http?.handleEvent(event);
      },
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
      http: this.#http?.address,
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

  /** Why the API and the dashboard are not served though they were to be; undefined where they are, or are off. */
  get apiFault(): string | undefined {
    return this.#http?.fault;
  }

  get counters(): CollectorCounters {
    return this.collector.counters;
  }

  /** Stops in order: no new links, everything that came is on disk, devices told, files closed. */
  async close(): Promise<void> {
    try {
      this.#plain?.stop();
      await this.collector.stop();
    } finally {
      this.#keyFile?.close();
      this.#plain?.close();
      for (const port of this.#ports) port.close();
      await this.#http?.close();
      await this.#store.close();
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

  async #listen({
    tcp,
    udp,
    serial,
    http = "off",
    db,
    name,
    files,
  }: StationOptions): Promise<void> {
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
    if (http === "off") return;
    const { HttpServer } = await import("../http/server.ts"); // none of it is loaded where it is off
    this.#http = await HttpServer.open(http, {
      collector: this.collector,
      views: (nowMs) => this.views(nowMs),
      db,
      name,
      waiting: () => this.#store.waiting,
      transfers:
        files === undefined ? undefined : new Transfers(this.collector.blobs, files.folder),
    });
  }
}
