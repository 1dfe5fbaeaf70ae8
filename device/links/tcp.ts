// The TCP link: length-prefixed frames over an ECMA-419 TCP socket. PROTOCOL 3.2.
//
// The socket takes all of a write or throws, and says how much it would take, so a frame that does
// not fit waits here, one at most. It has no connect event (the first `onWritable` is it), no
// keep-alive and no connect timeout: the session notices silence (docs/decisions/0005-io-classes.md).

import { ByteWriter } from "../../shared/bytes/cursor.ts";
import {
  STREAM_HEADER_BYTES,
  StreamDecoder,
  writeStreamHeader,
} from "../../shared/frame/stream.ts";
import { DATAGRAM_BYTES_MAX } from "../../shared/limits.ts";
import type { LinkTraits } from "../../shared/session/link.ts";
import type { TcpSocket } from "../platform/ecma419.ts";
import type { Platform } from "../platform/platform.ts";
import type { Link, LinkListener, MessageSource } from "./link.ts";

/** A device sends nothing that would not fit a datagram, and expects nothing longer. */
const MESSAGE_BYTES_MAX = DATAGRAM_BYTES_MAX;

const TRAITS: LinkTraits = {
  kind: "tcp",
  isReliable: true,
  isDatagram: false,
  messageBytesMax: MESSAGE_BYTES_MAX,
  receiveBytesMax: 0,
};

export class TcpLink implements Link {
  readonly traits = TRAITS;

  readonly #listener: LinkListener;
  readonly #socket: TcpSocket;
  readonly #decoder = new StreamDecoder(MESSAGE_BYTES_MAX);
  readonly #writer = new ByteWriter(new Uint8Array(STREAM_HEADER_BYTES + MESSAGE_BYTES_MAX));
  /** Bytes of the frame in the writer that waits for room; 0 for none. */
  #waiting = 0;
  #room = 0;
  #isOpen = false;
  #isClosed = false;

  constructor(platform: Platform, address: string, port: number, listener: LinkListener) {
    this.#listener = listener;
    const link = this;
    this.#socket = new platform.TCP({
      address,
      port,
      nodelay: true,
      onReadable() {
        link.#handleReadable();
      },
      onWritable(count) {
        link.#handleWritable(count);
      },
      onError() {
        link.#fail();
      },
    });
  }

  transmit(source: MessageSource): void {
    while (!this.#isClosed && this.#isOpen && this.#sendWaiting()) {
      const writer = this.#writer;
      writer.reset(writer.bytes, STREAM_HEADER_BYTES);
      if (!source(writer)) return;
      writeStreamHeader(writer.bytes, 0, writer.position - STREAM_HEADER_BYTES);
      this.#waiting = writer.position;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  /** True once nothing waits any more. */
  #sendWaiting(): boolean {
    if (this.#waiting === 0) return true;
    if (this.#waiting > this.#room) return false;
    this.#room = this.#write(this.#writer.bytes.subarray(0, this.#waiting));
    this.#waiting = 0;
    return true;
  }

  /** Returns the room that is left: none after an error, which `onError` is about to tell. lwIP throws then, Linux does not. */
  #write(frame: Uint8Array): number {
    try {
      return this.#socket.write(frame) ?? 0;
    } catch {
      return 0;
    }
  }

  /** All is read at once: what is left behind may never be announced again. */
  #handleReadable(): void {
    if (this.#isClosed) return;
    const bytes = this.#socket.read();
    if (bytes === undefined) return;
    const decoder = this.#decoder;
    decoder.handleBytes(new Uint8Array(bytes));
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      if (event.kind === "broken") this.#fail();
      else if (event.kind === "message") this.#listener.handleMessage(event.bytes);
      if (this.#isClosed) return;
    }
  }

  #handleWritable(count: number): void {
    if (this.#isClosed) return;
    this.#room = count;
    if (this.#isOpen) {
      this.#listener.handleRoom();
    } else {
      this.#isOpen = true;
      this.#listener.handleOpen();
    }
  }

  #fail(): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener.handleClosed();
  }
}
