// The ECMA-419 TCP client over node:net, with the capacities, the order of events and the errors of
// an ESP32 and, where Moddable's Linux build is the stricter one, of that. Owns one socket.
// lwIP: modules/io/socket/lwip/tcp.c; Linux: modules/io/socket/lin/tcp.c; the behaviours are listed
// in docs/decisions/0005-io-classes.md.

import { connect, isIP, type Socket } from "node:net";
import type { TcpOptions, TcpSocket } from "../../../device/platform/ecma419.ts";
import { assertPort, ByteFifo, invalidHostData, type NativeBuffer, viewOf } from "./bytes.ts";
import { ERROR, EventPost, READABLE, WRITABLE } from "./events.ts";

/** lwIP's maximum segment size in Moddable's ESP32 builds; Node reads no more at once. */
const SEGMENT_BYTES = 1436;
/** CONFIG_LWIP_TCP_WND_DEFAULT, four segments: no more received bytes ever wait unread. */
export const RECEIVE_WINDOW_BYTES = 4 * SEGMENT_BYTES;
/** CONFIG_LWIP_TCP_SND_BUF_DEFAULT of the C3, C6, H2, S2 and S3, the smallest; 8,192 on a plain ESP32. */
export const SEND_BUFFER_BYTES = 5744;
/** char addrStr[32] in xs_tcp_constructor. */
const ADDRESS_CHARACTERS_MAX = 31;
/** lwIP's TCP_FIN_WAIT_TIMEOUT: how long a closed socket may go on sending to a peer that stalls. */
const LINGER_MS = 20_000;

/**
 * `connecting` ends with `connected` or `failed`; `connected` ends with `failed`, when the error is
 * delivered; `close()` leads from each to `closed`, which nothing ends.
 */
type State = "connecting" | "connected" | "failed" | "closed";

/** A TCP client as on a board. Constructing it starts the connection; onWritable says it stands. */
export class SimulatedTcp implements TcpSocket {
  readonly #callbacks: TcpOptions;
  readonly #socket: Socket;
  readonly #events = new EventPost((due) => this.#deliver(due));
  readonly #received = new ByteFifo(RECEIVE_WINDOW_BYTES);
  #state: State = "connecting";
  #isPaused = false;
  #roomBytes: number;

  /** Throws Error "invalid address" for all but an IP literal, RangeError "invalid port". */
  constructor(options: TcpOptions, sendBufferBytes = SEND_BUFFER_BYTES) {
    assertAddress(options.address);
    assertPort(options.port);
    this.#callbacks = { ...options };
    this.#roomBytes = sendBufferBytes;
    this.#socket = this.#connect(options);
  }

  read(): ArrayBuffer | undefined;
  /** Exactly `count` bytes; throws Error "invalid" where fewer wait. */
  read(count: number): ArrayBuffer | undefined;
  /** Fills `target` and returns its length; throws Error "invalid" where fewer bytes wait. */
  read(target: NativeBuffer): number | undefined;
  read(request?: number | NativeBuffer): ArrayBuffer | number | undefined {
    this.#assertOpen();
    const availableBytes = this.#received.waitingBytes;
    if (availableBytes === 0) return undefined;
    if (typeof request !== "object") return this.#take(request ?? availableBytes);
    const target = viewOf(request);
    target.set(new Uint8Array(this.#take(target.length)));
    return target.length;
  }

  /**
   * Sends all of `buffer`, which is copied, and returns the room that is left; undefined while an
   * error waits to be delivered. Throws Error "would block" beyond the room, and "not ready" before
   * the connection stands and from the delivery of an error on: tcpDeliver clears `ready` before it
   * calls onReadable for the last time, so that even an answer written from there throws.
   */
  write(buffer: NativeBuffer): number | undefined {
    this.#assertOpen();
    if (!this.#isIn("connected")) throw new Error("not ready");
    if (this.#events.has(ERROR)) return undefined;
    const bytes = viewOf(buffer);
    if (bytes.length > this.#roomBytes) throw new Error("would block");
    if (bytes.length > 0) this.#send(new Uint8Array(bytes));
    return this.#roomBytes;
  }

  /**
   * Ends the connection after what was written; may be called twice. With received bytes unread it
   * resets the connection instead, and the peer may lose what was written last (lwIP:
   * tcp_close_shutdown in core/tcp.c).
   */
  close(): void {
    if (this.#isIn("closed")) return;
    const wasConnecting = this.#isIn("connecting");
    this.#state = "closed";
    if (wasConnecting) this.#socket.destroy();
    else if (this.#received.waitingBytes > 0) this.#socket.resetAndDestroy();
    else this.#closeSoon();
  }

  #connect(options: TcpOptions): Socket {
    const socket = connect({
      host: options.address,
      port: options.port,
      noDelay: options.nodelay === true,
      // After the peer's FIN it is the firmware's close() that sends ours.
      allowHalfOpen: true,
      onread: {
        buffer: new Uint8Array(SEGMENT_BYTES),
        callback: (count, buffer) => this.#receive(buffer.subarray(0, count)),
      },
    });
    socket.on("connect", () => this.#handleConnect());
    socket.on("end", () => this.#events.post(ERROR));
    socket.on("error", () => this.#events.post(ERROR));
    return socket;
  }

  #handleConnect(): void {
    if (this.#isIn("connecting")) this.#state = "connected";
    this.#events.post(WRITABLE);
  }

  /** Node's `onread`: false stops reading until `resume`. Nobody reads after close(). */
  #receive(segment: Uint8Array): boolean {
    if (this.#isIn("closed")) return true;
    this.#received.push(segment);
    this.#events.post(READABLE);
    this.#isPaused = this.#received.roomBytes < SEGMENT_BYTES;
    return !this.#isPaused;
  }

  #take(count: number): ArrayBuffer {
    if (!(count > 0) || count > this.#received.waitingBytes) throw new Error("invalid");
    const bytes = this.#received.take(count);
    if (this.#isPaused && this.#received.roomBytes >= SEGMENT_BYTES) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    return bytes;
  }

  #send(bytes: Uint8Array): void {
    this.#roomBytes -= bytes.length;
    this.#socket.write(bytes, (error) => {
      if (error) return; // The socket emits it too.
      this.#roomBytes += bytes.length;
      this.#events.post(WRITABLE);
    });
  }

  /** In the order of lwIP's tcpDeliver. Bytes that onReadable leaves hold the error back for good. */
  #deliver(due: number): void {
    if (this.#isIn("closed") || this.#isIn("failed")) return;
    if (due & ERROR) this.#state = "failed";
    const waitingBytes = this.#received.waitingBytes;
    if (due & READABLE && waitingBytes > 0) this.#callbacks.onReadable?.call(this, waitingBytes);
    if (this.#isIn("failed")) this.#deliverError();
    else if (due & WRITABLE && this.#isIn("connected")) {
      this.#callbacks.onWritable?.call(this, this.#roomBytes);
    }
  }

  #deliverError(): void {
    if (this.#received.waitingBytes === 0) this.#callbacks.onError?.call(this);
  }

  #closeSoon(): void {
    this.#socket.setTimeout(LINGER_MS, () => this.#socket.destroy());
    this.#socket.destroySoon();
  }

  #isIn(state: State): boolean {
    return this.#state === state;
  }

  #assertOpen(): void {
    if (this.#isIn("closed")) throw invalidHostData();
  }
}

function assertAddress(address: string): void {
  if (isIP(address) === 0 || address.length > ADDRESS_CHARACTERS_MAX) {
    throw new Error("invalid address");
  }
}
