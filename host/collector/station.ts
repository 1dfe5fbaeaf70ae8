// A collector with everything around it: the store opened, the listeners listening. What
// `senda collect` and `senda demo` run, and what tests start.

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
  /** For clients that do not speak our protocol: docs/PLAIN.md. */
  readonly plain?: readonly PlainSpec[];
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
  #plain: PlainInputs | undefined;

  private constructor(store: Store, options: StationOptions) {
    this.#store = store;
    const { name, handleEvent } = options;
    let fail: (error: Error) => void = () => undefined;
    this.failure = new Promise((resolve) => {
      fail = resolve;
    });
    this.collector = new Collector({
      store,
      name,
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
      this.#plain?.stop();
      await this.collector.stop();
    } finally {
      this.#plain?.close();
      for (const port of this.#ports) port.close();
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
