// The uplink: the one pump between session, links and failover. Whatever happens (a message, room,
// a timer, a new batch) ends in `pump`, which drains what is to be done and then offers every link
// the session's next messages.

import type { BlobExchange } from "../shared/blob/exchange.ts";
import type { ByteWriter } from "../shared/bytes/cursor.ts";
import type { DeviceEvent, DeviceSession } from "../shared/session/device.ts";
import type { LinkId } from "../shared/session/link.ts";
import { Failover } from "./failover.ts";
import type { Link, LinkListener } from "./links/link.ts";
import { SerialLink } from "./links/serial.ts";
import { TcpLink } from "./links/tcp.ts";
import { UdpLink } from "./links/udp.ts";
import type { Platform } from "./platform/platform.ts";
import type { PathKind, Settings } from "./settings.ts";

/** A path that did not answer in so long, from the first try to the welcome, has failed. */
const OPENING_MS_MAX = 6_000;

interface OpenPath {
  readonly id: LinkId;
  readonly link: Link;
  readonly writeNext: (writer: ByteWriter) => boolean;
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
  /** Something changed that may need other timers, or that others watch. */
  readonly handleChange: () => void;
}

export class Uplink {
  /** Times that a path was lost after it had been welcomed. */
  reconnects = 0;

  readonly #options: UplinkOptions;
  #session: DeviceSession;
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
    const random = () => randomU32(platform) / 0x1_0000_0000;
    this.#failover = new Failover(settings.paths.length, random, options.nowMs());
    this.#open = settings.paths.map(() => undefined);
    this.#attempts = settings.paths.map(() => 0);
  }

  /** The path in use; undefined while there is none. */
  get path(): PathKind | undefined {
    const { best } = this.#failover;
    return best === undefined ? undefined : this.#options.settings.paths[best];
  }

  /** From here on another session has the links: it greets the collector on each. */
  useSession(session: DeviceSession): void {
    this.#session = session;
    for (const path of this.#open) if (path?.isOpen) this.#greet(path);
  }

  /** Does all that is to be done now. */
  pump(): void {
    const session = this.#session;
    const now = this.#options.nowMs();
    session.handleTimeout(now);
    this.#failSlowOpenings(now);
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
        this.#failPath(index, 0, now);
        break;
      case "bye":
        platform.trace(`${name}: the collector says bye (${event.reason})`);
        this.#failPath(index, event.retryAfterMs, now);
    }
  }

  #handleWelcomed(index: number): void {
    const path = this.#open[index]!;
    path.isWelcomed = true;
    this.#options.blobs.handleLinkUp({ id: path.id, traits: path.link.traits, receiveBytesMax: 0 });
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
      const writeNext = (writer: ByteWriter) =>
        this.#session.pollTransmit(id, writer, this.#options.nowMs());
      const failAtMs = now + OPENING_MS_MAX;
      this.#open[index] = { id, link, writeNext, isOpen: false, isWelcomed: false, failAtMs };
    } catch (error) {
      this.#options.platform.trace(`${kind}: ${String(error)}`);
      this.#failover.handleDown(index, 0, now);
    }
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
        this.#greet(this.#open[index]!);
        handleChange();
      },
      handleMessage: (bytes) => {
        this.#session.handleMessage(id, bytes, nowMs());
        handleChange();
      },
      handleRoom: handleChange,
      handleClosed: () => {
        this.#failPath(index, 0, nowMs());
        handleChange();
      },
    };
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
    this.#options.blobs.handleLinkDown(path.id);
    path.link.close();
  }
}

export function randomU32(platform: Platform): number {
  const bytes = platform.randomBytes(4);
  return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
}
