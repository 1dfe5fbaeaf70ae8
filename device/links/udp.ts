// The UDP link: one message a datagram over an ECMA-419 UDP socket. PROTOCOL 3.4. A send that the
// network stack refuses counts as a lost datagram; the session sends it again. The platform tells
// of no errors at all, so only silence ends this link.

import { ByteWriter } from "../../shared/bytes/cursor.ts";
import {
  DATAGRAM_TRAILER_BYTES,
  decodeDatagram,
  endDatagram,
} from "../../shared/frame/datagram.ts";
import { DATAGRAM_BYTES_MAX } from "../../shared/limits.ts";
import type { LinkTraits } from "../../shared/session/link.ts";
import type { TimerHandle, UdpSocket } from "../platform/ecma419.ts";
import type { Platform } from "../platform/platform.ts";
import type { Link, LinkListener, MessageSource } from "./link.ts";

const TRAITS: LinkTraits = {
  kind: "udp",
  isReliable: false,
  isDatagram: true,
  messageBytesMax: DATAGRAM_BYTES_MAX - DATAGRAM_TRAILER_BYTES,
  receiveBytesMax: 0,
};

export class UdpLink implements Link {
  readonly traits = TRAITS;
  /** Datagrams that the network stack would not take. */
  refused = 0;

  readonly #platform: Platform;
  readonly #address: string;
  readonly #port: number;
  readonly #listener: LinkListener;
  readonly #socket: UdpSocket;
  readonly #writer = new ByteWriter(new Uint8Array(DATAGRAM_BYTES_MAX));
  readonly #opening: TimerHandle;
  #isClosed = false;

  constructor(platform: Platform, address: string, port: number, listener: LinkListener) {
    this.#platform = platform;
    this.#address = address;
    this.#port = port;
    this.#listener = listener;
    const link = this;
    this.#socket = new platform.UDP({
      port: 0,
      onReadable(packets) {
        link.#handleReadable(packets);
      },
    });
    // A datagram path stands at once; its owner is told as every other link tells it: later.
    this.#opening = platform.timers.set(() => listener.handleOpen(), 0);
  }

  transmit(source: MessageSource): void {
    const writer = this.#writer;
    while (!this.#isClosed) {
      writer.reset(writer.bytes);
      if (!source(writer)) return;
      const length = endDatagram(writer.bytes, writer.position);
      try {
        this.#socket.write(writer.bytes.subarray(0, length), this.#address, this.#port);
      } catch {
        this.refused++;
        return;
      }
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#platform.timers.clear(this.#opening);
    this.#socket.close();
  }

  #handleReadable(packets: number): void {
    for (let count = 0; count < packets && !this.#isClosed; count++) {
      const datagram = this.#socket.read();
      if (datagram === undefined) return;
      if (datagram.address !== this.#address || datagram.port !== this.#port) continue; // a stranger's
      const event = decodeDatagram(new Uint8Array(datagram));
      if (event.kind === "message") this.#listener.handleMessage(event.bytes);
    }
  }
}
