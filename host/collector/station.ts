// A collector with everything around it: the store opened, the listeners listening. What
// `senda collect` and `senda demo` run, and what tests start.

import { deviceShelves, type FilesOptions } from "../files/device-shelves.ts";
import type { Address, SerialAddress } from "../links/address.ts";
import { SerialHostPort } from "../links/serial-port.ts";
import { TcpListener } from "../links/tcp-listener.ts";
import { UdpListener } from "../links/udp-listener.ts";
import { Store } from "../store/store.ts";
import { Collector } from "./collector.ts";
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
  /** Where devices' files are kept; without it they are refused. */
  readonly files?: FilesOptions | undefined;
  /** Name and version, for the devices' logs. */
  readonly name: string;
  readonly handleEvent: (event: CollectorEvent) => void;
}

/** Where a station really listens; undefined where it does not. */
export interface StationAddresses {
  readonly tcp: Address | undefined;
  readonly udp: Address | undefined;
  readonly serial: readonly string[];
}

export class Station {
  readonly collector: Collector;
  /** Resolves with the reason where the store ends for good; the station is then of no more use. */
  readonly failure: Promise<Error>;
  readonly #store: Store;
  readonly #ports: (TcpListener | UdpListener | SerialHostPort)[] = [];
  #tcp: TcpListener | undefined;
  #udp: UdpListener | undefined;

  private constructor(store: Store, options: StationOptions) {
    this.#store = store;
    const { name, files, handleEvent } = options;
    let fail: (error: Error) => void = () => undefined;
    this.failure = new Promise((resolve) => {
      fail = resolve;
    });
    this.collector = new Collector({
      store,
      name,
      shelfOf: files === undefined ? undefined : deviceShelves(files),
      handleEvent,
      handleFailure: (error) => fail(error),
    });
  }

  /** Opens the store, then the listeners. Rejects with a StoreError or a LinkError, everything closed again. */
  static async open(options: StationOptions): Promise<Station> {
    const { db, dbSizeBytesMax: sizeBytesMax, mergeAfterMs } = options;
    const store = await Store.open({
      path: db,
      ...(sizeBytesMax === undefined ? {} : { sizeBytesMax }),
      ...(mergeAfterMs === undefined ? {} : { mergeAfterMs }),
    });
    const station = new Station(store, options);
    try {
      await station.#listen(options);
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
      serial: serial.map(({ path }) => path),
    };
  }

  get counters(): CollectorCounters {
    return this.collector.counters;
  }

  /** Stops in order: no new links, everything that came is on disk, devices told, files closed. */
  async close(): Promise<void> {
    try {
      await this.collector.stop();
    } finally {
      for (const port of this.#ports) port.close();
      await this.#store.close();
    }
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
