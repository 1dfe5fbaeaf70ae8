// Plain clients that send datagrams. The system hands over whole datagrams, up to the largest that UDP
// has, so none is ever cut; one larger than the input's frames is refused, counted and told of.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { type Address, formatAddress } from "../links/address.ts";
import { listenError } from "../links/listen-error.ts";
import { growReceiveBuffer } from "../links/udp-listener.ts";
import type { GiveAnswer } from "./answer.ts";
import { framerOf } from "./framing/framing.ts";
import { ANSWER_BYTES_WAITING_MAX, FRAMES_PER_DATAGRAM_MAX } from "./limits.ts";
import { plainAddress } from "./peer-address.ts";
import type { PlainInput, PlainPeer } from "./plain-input.ts";

export class PlainUdpInput {
  readonly #input: PlainInput;
  readonly #socket: Socket;
  #isClosed = false;

  private constructor(input: PlainInput, host: string) {
    this.#input = input;
    this.#socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
    this.#socket.on("message", (datagram, sender) => this.#handleDatagram(datagram, sender));
  }

  /** Listens; port 0 is any free one. Rejects with a LinkError. */
  static open(input: PlainInput, address: Address): Promise<PlainUdpInput> {
    const opened = new PlainUdpInput(input, address.host);
    const socket = opened.#socket;
    return new Promise((resolve, reject) => {
      socket.once("error", (error) =>
        reject(listenError(`plain UDP ${formatAddress(address)}`, "--plain", error)),
      );
      socket.bind(address.port, address.host, () => {
        socket.removeAllListeners("error");
        socket.on("error", () => undefined); // e.g. a client's port went away
        growReceiveBuffer(socket);
        input.port = opened.address.port;
        resolve(opened);
      });
    });
  }

  get address(): Address {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  /** What comes from here on is not read (`isStopped`); answers may still be on their way. */
  pause(): void {}

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  #handleDatagram(datagram: Uint8Array, sender: RemoteInfo): void {
    const address = plainAddress(sender.address);
    if (this.#input.isStopped || !this.#input.admits(address)) return;
    const peer = { address, where: `udp ${formatAddress({ host: address, port: sender.port })}` };
    const give: GiveAnswer = (bytes) => this.#send(bytes, sender);
    const { framing, frameBytesMax } = this.#input.spec;
    if (datagram.length > frameBytesMax) {
      const why = `a datagram of ${datagram.length} bytes, more than the ${frameBytesMax} that \`frame=\` allows`;
      this.#input.handleFault(why, peer);
    } else if (framing.kind === "datagram") this.#input.handleFrame(datagram, peer, give);
    else this.#handleFrames(datagram, peer, give);
  }

  /** Frames within a datagram. */
  #handleFrames(datagram: Uint8Array, peer: PlainPeer, give: GiveAnswer): void {
    const { framing, frameBytesMax } = this.#input.spec;
    const framer = framerOf(framing, frameBytesMax);
    framer.handleBytes(datagram);
    framer.handleEnd();
    for (let frames = 0; frames < FRAMES_PER_DATAGRAM_MAX; frames++) {
      const event = framer.pollEvent();
      if (event === undefined) return;
      if (event.kind === "frame") this.#input.handleFrame(event.bytes, peer, give);
      else this.#input.handleFault(event.why, peer);
    }
    this.#input.handleFault(`a datagram of more than ${FRAMES_PER_DATAGRAM_MAX} frames`, peer);
  }

  /** Answers that the network does not take fast enough are left out, as datagrams are. */
  #send(bytes: Uint8Array | undefined, { address, port }: RemoteInfo): void {
    if (bytes === undefined || this.#isClosed) return;
    if (this.#socket.getSendQueueSize() > ANSWER_BYTES_WAITING_MAX) return;
    this.#socket.send(bytes, port, address, () => undefined);
  }
}
