// The uplink: the one pump between session, links and failover. Whatever happens (a message, room,
// a timer, a new batch) ends in `pump`, which drains what is to be done and then offers every link
// the session's next messages, sealed where the device has a key.

import type { BlobExchange } from "../shared/blob/exchange.ts";
import type { ByteWriter } from "../shared/bytes/cursor.ts";
import { fromHex } from "../shared/bytes/hex.ts";
import { DeviceSeal, type DeviceSealEvent } from "../shared/seal/device-seal.ts";
import type { DeviceSession } from "../shared/session/device.ts";
import type { DeviceEvent } from "../shared/session/device-event.ts";
import type { LinkId } from "../shared/session/link.ts";
import { Failover } from "./failover.ts";
import type { Link, LinkListener, MessageSource } from "./links/link.ts";
import { SerialLink } from "./links/serial.ts";
import { serialFault } from "./links/serial-port.ts";
import { TcpLink } from "./links/tcp.ts";
import { UdpLink } from "./links/udp.ts";
import { type Platform, randomU32 } from "./platform/platform.ts";
import type { PathKind, Settings } from "./settings.ts";

/** A path that did not answer in so long, from the first try to the welcome, has failed. */
const OPENING_MS_MAX = 6_000;

interface OpenPath {
  readonly id: LinkId;
  readonly link: Link;
  readonly writeNext: MessageSource;
  /** The socket is connected, the port is open. */
  isOpen: boolean;
  isWelcomed: boolean;
  readonly failAtMs: number;
}

export interface UplinkOptions {
  readonly platform: Platform;
  readonly settings: Settings;
  readonly session: DeviceSession;
  /** Told of the links that files may use. */
  readonly blobs: Pick<BlobExchange, "handleLinkUp" | "handleLinkDown">;
  readonly nowMs: () => number;
  /** The session's greeting was answered, on whichever link. */
  readonly handleWelcomed: () => void;
  /** Something changed that may need other timers, or that others watch. */
  readonly handleChange: () => void;
}

export class Uplink {
  /** Times that a path was lost after it had been welcomed. */
  reconnects = 0;
  /** Why the collector last turned this device away; undefined once it has let it in. */
  turnedAway: string | undefined;

  readonly #options: UplinkOptions;
  #session: DeviceSession;
  readonly #seal: DeviceSeal | undefined;
  readonly #failover: Failover;
  /** By index of the path; undefined where it is not open. */
  readonly #open: (OpenPath | undefined)[];
  /** By index of the path: counts openings, so that a late answer of the resolver is known as late. */
  readonly #attempts: number[];
  #nextLinkId: LinkId = 1;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#session = options.session;
    const { platform, settings } = options;
    this.#seal = settings.key === "" ? undefined : createSeal(platform, settings);
    const random = () => randomU32(platform) / 0x1_0000_0000;
    this.#failover = new Failover(settings.paths.length, random, options.nowMs());
    this.#open = settings.paths.map(() => undefined);
    this.#attempts = settings.paths.map(() => 0);
    settings.paths.forEach((kind, index) => {
      const fault = kind === "serial" ? serialFault(platform, settings.serial) : undefined;
      if (fault === undefined) return;
      this.#failover.leaveOut(index);
      platform.trace(`serial: left out: ${fault}`);
    });
  }

  /** The path in use; undefined while there is none. */
  get path(): PathKind | undefined {
    const { best } = this.#failover;
    return best === undefined ? undefined : this.#options.settings.paths[best];
  }

  /** Whether paths by IP are being tried, and none is up. */
  get isIpSilent(): boolean {
    const { paths } = this.#options.settings;
    const best = this.#failover.best ?? paths.length;
    const isTried = paths.slice(0, best).some((kind) => kind !== "serial");
    return isTried && !this.#open.some((path, at) => paths[at] !== "serial" && path?.isWelcomed);
  }

  /** From here on another session has the links: it greets the collector on each. */
  useSession(session: DeviceSession): void {
    this.#session = session;
    for (const path of this.#open) if (path?.isOpen && this.#mayGreet(path)) this.#greet(path);
  }

  /** The device's key is another one: the session goes on under it. Nothing where there was none. */
  useKey(key: string): void {
    this.#seal?.useKey(fromHex(key), this.#options.nowMs());
  }

  /** Does all that is to be done now. */
  pump(): void {
    const session = this.#session;
    const now = this.#options.nowMs();
    session.handleTimeout(now);
    this.#failSlowOpenings(now);
    this.#handleSealEvents(now);
    for (let event = session.pollEvent(); event !== undefined; event = session.pollEvent()) {
      this.#handleEvent(event, now);
    }
    this.#followPolicy(now);
    for (const path of this.#open) path?.link.transmit(path.writeNext);
  }

  /** When `pump` should next be called though nothing happens; infinity for never. */
  nextDueMs(): number {
    let dueMs = this.#session.pollTimeoutMs() ?? Number.POSITIVE_INFINITY;
    dueMs = Math.min(dueMs, this.#failover.nextDueMs());
    dueMs = Math.min(dueMs, this.#seal?.nextDueMs() ?? dueMs);
    for (const path of this.#open) {
      if (path !== undefined && !path.isWelcomed) dueMs = Math.min(dueMs, path.failAtMs);
    }
    return dueMs;
  }

  /** Says bye where there is room, and closes every link. */
  close(): void {
    this.#session.sayBye();
    for (const path of this.#open) path?.link.transmit(path.writeNext);
    for (let index = 0; index < this.#open.length; index++) this.#closePath(index);
  }

  #handleEvent(event: DeviceEvent, now: number): void {
    const { platform } = this.#options;
    if (event.kind === "stored") return;
    const index = this.#open.findIndex((path) => path?.id === event.link);
    if (index < 0) return;
    const name = this.#options.settings.paths[index];
    switch (event.kind) {
      case "welcomed":
        platform.trace(`${name}: welcomed by ${event.collector}`);
        this.#handleWelcomed(index);
        break;
      case "silent":
        platform.trace(`${name}: silent, given up`);
        this.#failPath(index, 0, now);
        break;
      case "refused":
        platform.trace(`${name}: refused (${event.code}): ${event.detail}`);
        this.turnedAway = event.detail;
        this.#failPath(index, 0, now);
        break;
      case "bye":
        platform.trace(`${name}: the collector says bye (${event.reason})`);
        this.#failPath(index, event.retryAfterMs, now);
    }
  }

  #handleSealEvents(now: number): void {
    const seal = this.#seal;
    for (let event = seal?.pollEvent(); event !== undefined; event = seal?.pollEvent()) {
      this.#handleSealEvent(event, now);
    }
  }

  #handleSealEvent(event: DeviceSealEvent, now: number): void {
    const index = this.#open.findIndex((path) => path?.id === event.link);
    const path = this.#open[index];
    if (path === undefined) return;
    if (event.kind === "admitted") {
      if (!path.isWelcomed) this.#greet(path);
      return;
    }
    this.turnedAway = turnedAwayText(event, this.#options.settings);
    this.#options.platform.trace(`${this.#options.settings.paths[index]}: ${this.turnedAway}`);
    this.#failPath(index, event.kind === "busy" ? event.retryAfterMs : 0, now);
  }

  #handleWelcomed(index: number): void {
    this.turnedAway = undefined;
    const path = this.#open[index]!;
    path.isWelcomed = true;
    this.#options.blobs.handleLinkUp({ id: path.id, traits: path.link.traits, receiveBytesMax: 0 });
    this.#options.handleWelcomed();
    this.#failover.handleUp(index);
    const best = this.#failover.best;
    if (best !== undefined) this.#session.useLink(this.#open[best]!.id);
    this.#options.handleChange();
  }

  #followPolicy(now: number): void {
    const failover = this.#failover;
    for (let act = failover.pollAction(now); act !== undefined; act = failover.pollAction(now)) {
      if (act.kind === "open") this.#openPath(act.path, now);
      else this.#closePath(act.path);
    }
  }

  #openPath(index: number, now: number): void {
    const { platform, settings } = this.#options;
    const attempt = ++this.#attempts[index]!;
    const kind = settings.paths[index]!;
    if (kind === "serial") {
      this.#connect(index, kind, "", now);
      return;
    }
    platform.resolve(settings.host, (address) => {
      if (this.#attempts[index] !== attempt) return; // closed in the meantime
      if (address === undefined) platform.trace(`${kind}: no address for ${settings.host}`);
      if (address !== undefined) this.#connect(index, kind, address, this.#options.nowMs());
      else this.#failover.handleDown(index, 0, this.#options.nowMs());
      this.#options.handleChange();
    });
  }

  #connect(index: number, kind: PathKind, address: string, now: number): void {
    const id = this.#nextLinkId++;
    try {
      const link = this.#createLink(kind, address, this.#listenerOf(index, id));
      const writeNext = this.#sourceOf(id);
      const failAtMs = now + OPENING_MS_MAX;
      this.#open[index] = { id, link, writeNext, isOpen: false, isWelcomed: false, failAtMs };
    } catch (error) {
      this.#options.platform.trace(`${kind}: ${String(error)}`);
      this.#failover.handleDown(index, 0, now);
    }
  }

  #sourceOf(id: LinkId): MessageSource {
    const seal = this.#seal;
    const { nowMs } = this.#options;
    const inTheClear = (writer: ByteWriter) => this.#session.pollTransmit(id, writer, nowMs());
    if (seal === undefined) return inTheClear;
    return (writer) => seal.pollTransmit(id, writer, nowMs(), inTheClear);
  }

  #createLink(kind: PathKind, address: string, listener: LinkListener): Link {
    const { platform, settings } = this.#options;
    if (kind === "tcp") return new TcpLink(platform, address, settings.tcpPort, listener);
    if (kind === "udp") return new UdpLink(platform, address, settings.udpPort, listener);
    return new SerialLink(platform, settings.serial, listener);
  }

  #listenerOf(index: number, id: LinkId): LinkListener {
    const { nowMs, handleChange } = this.#options;
    return {
      handleOpen: () => {
        this.#open[index]!.isOpen = true;
        if (this.#seal === undefined) this.#greet(this.#open[index]!);
        else this.#seal.handleLinkUp(id, nowMs());
        handleChange();
      },
      handleMessage: (bytes) => {
        const seal = this.#seal;
        const message = seal === undefined ? bytes : seal.handleMessage(id, bytes, nowMs());
        if (message !== undefined) this.#session.handleMessage(id, message, nowMs());
        handleChange();
      },
      handleRoom: handleChange,
      handleClosed: () => {
        this.#failPath(index, 0, nowMs());
        handleChange();
      },
    };
  }

  #mayGreet({ id }: OpenPath): boolean {
    return this.#seal === undefined || this.#seal.isAdmitted(id);
  }

  #greet({ id, link }: OpenPath): void {
    const { platform, nowMs } = this.#options;
    this.#session.handleLinkUp(id, link.traits, randomU32(platform), nowMs());
  }

  #failSlowOpenings(now: number): void {
    for (let index = 0; index < this.#open.length; index++) {
      const path = this.#open[index];
      if (path !== undefined && !path.isWelcomed && now >= path.failAtMs) {
        this.#failPath(index, 0, now);
      }
    }
  }

  #failPath(index: number, retryAfterMs: number, now: number): void {
    if (this.#open[index]?.isWelcomed) this.reconnects++;
    this.#closePath(index);
    this.#failover.handleDown(index, retryAfterMs, now);
    const { best } = this.#failover;
    if (best !== undefined) this.#session.useLink(this.#open[best]!.id);
    this.#options.handleChange();
  }

  #closePath(index: number): void {
    const path = this.#open[index];
    this.#open[index] = undefined;
    this.#attempts[index]!++;
    if (path === undefined) return;
    this.#session.handleLinkDown(path.id);
    this.#seal?.handleLinkDown(path.id);
    this.#options.blobs.handleLinkDown(path.id);
    path.link.close();
  }
}

function createSeal(platform: Platform, { device, key }: Settings): DeviceSeal {
  const random = (count: number) => platform.randomBytes(count);
  return new DeviceSeal({ device, key: fromHex(key), primitives: platform.crypto, random });
}

/** The collector's own log tells a wrong key from an unknown device: whoever holds no key learns nothing. */
function turnedAwayText(
  { kind }: Exclude<DeviceSealEvent, { kind: "admitted" }>,
  { device, host }: Settings,
): string {
  switch (kind) {
    case "not-admitted":
      return `collector ${host} turned device ${device} away: wrong key, or it does not know this device`;
    case "impostor":
      return `collector ${host} does not hold the key of device ${device}`;
    case "busy":
      return `collector ${host} is busy and said when device ${device} may come back`;
  }
}
