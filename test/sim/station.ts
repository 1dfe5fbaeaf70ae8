// The collector in a simulated world: the real Collector over a model of its store, with the ends of
// all wires. It dies, with or without its machine, and comes back with what was durable.

import { DEFAULT_SETTINGS } from "../../device/settings.ts";
import { Collector } from "../../host/collector/collector.ts";
import type { CollectorEvent } from "../../host/collector/events.ts";
import { describeEvent } from "../../host/collector/sentences.ts";
import { DeviceKeys, parseKey } from "../../host/keys/device-keys.ts";
import type { HostLinkIo, LinkHub } from "../../host/links/host-link-io.ts";
import type { Store } from "../../host/store/store.ts";
import type { LinkId } from "../../shared/session/link.ts";
import type { FileTraffic } from "./file-traffic.ts";
import type { Life } from "./life.ts";
import type { ModelStore } from "./model-store.ts";
import type { Scene } from "./scene.ts";
import type { VirtualHost } from "./virtual-globals.ts";
import type { SerialLine } from "./wires/serial.ts";
import type { TcpWire } from "./wires/tcp.ts";
import { UdpNetwork } from "./wires/udp.ts";

const HOST_ADDRESS = "10.0.0.1";

/** From an orderly stop to the end of the process: links are closed, files written. */
const EXIT_MS = 20;

/** The collector as the wires see it; counts the links, so that their bound can be checked. */
export class Hub implements LinkHub {
  readonly collector: Collector;
  links = 0;
  readonly #open = new Set<LinkId>();

  constructor(collector: Collector) {
    this.collector = collector;
  }

  handleLinkUp(io: HostLinkIo): LinkId | undefined {
    const id = this.collector.handleLinkUp(io);
    if (id !== undefined) this.#open.add(id);
    this.links = this.#open.size;
    return id;
  }

  handleStranger(io: HostLinkIo, bytes: Uint8Array): LinkId | undefined {
    const id = this.collector.handleStranger(io, bytes);
    if (id !== undefined) this.#open.add(id);
    this.links = this.#open.size;
    return id;
  }

  handleLinkDown(id: LinkId): void {
    this.#open.delete(id);
    this.links = this.#open.size;
    this.collector.handleLinkDown(id);
  }

  handleMessage(id: LinkId, bytes: Uint8Array): void {
    this.collector.handleMessage(id, bytes);
  }

  handleBlocked(id: LinkId, isBlocked: boolean): void {
    this.collector.handleBlocked(id, isBlocked);
  }

  handleNoise(where: string, event: Parameters<LinkHub["handleNoise"]>[1]): void {
    this.collector.handleNoise(where, event);
  }

  pump(): void {
    this.collector.pump();
  }
}

export interface StationOptions {
  readonly scene: Scene;
  readonly host: VirtualHost;
  readonly createStore: (handleFatalCommit: () => void) => ModelStore;
  readonly lines: () => Iterable<SerialLine>;
  readonly files?: FileTraffic | undefined;
}

export class Station {
  /** What runs; undefined while no collector does. */
  hub: Hub | undefined;
  store: ModelStore | undefined;
  /** Nobody answers, not even with a reset. */
  isMachineDown = false;
  readonly wires = new Set<TcpWire>();
  readonly udp: UdpNetwork;

  readonly #options: StationOptions;
  #starts = 0;
  #isStopping = false;

  constructor(options: StationOptions) {
    this.#options = options;
    this.udp = new UdpNetwork(options.scene, HOST_ADDRESS, DEFAULT_SETTINGS.udpPort);
  }

  /** The collector waits for a promise: microtasks must run before time goes on. */
  get needsMicrotasks(): boolean {
    return this.#isStopping || this.store?.hasAnsweredFlush === true;
  }

  set needsMicrotasks(needs: false) {
    this.#isStopping = needs;
    if (this.store !== undefined) this.store.hasAnsweredFlush = needs;
  }

  wiresOf(life: Life): TcpWire[] {
    return [...this.wires].filter((wire) => wire.life === life);
  }

  start(): void {
    if (this.hub !== undefined) return;
    const { scene, createStore, lines, files } = this.#options;
    this.isMachineDown = false;
    const store = createStore(() => this.#dieAfterCommit());
    this.store = store;
    const collector = new Collector({
      store: store as unknown as Store,
      name: `simulated ${++this.#starts}`,
      keys: keysOf(scene),
      shelfOf: files === undefined ? undefined : (device) => files.folderShelf(device),
      handleEvent: (event) => this.#tell(event),
      handleFailure: (error) => scene.fail("exception", `the store failed: ${error.message}`),
    });
    const hub = new Hub(collector);
    this.hub = hub;
    scene.story.tell("collector", "starts");
    for (const line of lines()) line.openAt(hub);
  }

  /** Dies at once. `isTold`: its machine lives on and resets the connections. */
  die(isTold: boolean): void {
    if (this.hub === undefined) return;
    const { host, scene, lines } = this.#options;
    scene.story.tell("collector", isTold ? "is killed" : "loses its power");
    this.hub = undefined;
    this.isMachineDown = !isTold;
    this.store?.die();
    host.stopIntervals();
    for (const wire of this.wires) wire.handleHostDeath(isTold);
    this.wires.clear();
    this.udp.forgetPeers();
    for (const line of lines()) line.forgetHost();
  }

  /** Stops in order, as host/collector/station.ts does: on disk, devices told, then the process ends. */
  stop(handleStopped: () => void): void {
    const { hub } = this;
    if (hub === undefined) return;
    const { scene } = this.#options;
    scene.story.tell("collector", "stops in order");
    this.#isStopping = true;
    void hub.collector.stop().then(() => {
      scene.clock.after(EXIT_MS, () => {
        if (this.hub !== hub) return;
        this.die(true);
        handleStopped();
      });
    });
  }

  #dieAfterCommit(): void {
    const { scene } = this.#options;
    scene.story.tellFault("collector-kill", "right after a commit");
    this.die(true);
    scene.clock.after(scene.chance.between(50, 1_500), () => this.start());
  }

  #tell(event: CollectorEvent): void {
    this.#options.files?.handleCollectorEvent(event);
    const { story } = this.#options.scene;
    if (story.isTold) story.tell("collector", `${event.event}: ${textOf(event)}`);
  }
}

/** Undefined where devices come in the clear. */
function keysOf({ plan }: Scene): DeviceKeys | undefined {
  if (!plan.isSealed) return undefined;
  const keys = new DeviceKeys();
  for (const { name, key } of plan.devices) keys.add(name, parseKey(key)!);
  return keys;
}

function textOf(event: CollectorEvent): string {
  return event.event === "console" ? JSON.stringify(event.text) : describeEvent(event);
}
