// A path by UDP that belongs to somebody hostile: everything passes, and beside it goes whatever can be made
// of what was seen. To both sides, in each one's name, and to the collector from a stranger's address too.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import { DATAGRAM_TRAILER_BYTES, endDatagram } from "../../shared/frame/datagram.ts";
import type { Message } from "../../shared/message/message.ts";
import { encodeDeny, SEAL_CODES } from "../../shared/seal/seal-message.ts";
import { encodedMessage } from "../shared/notation.ts";

const COLLECTOR = "127.0.0.1";
const TOKEN_AT = 1;
const TOKEN_END = 5;
const SEEN_MAX = 2_000;

export interface HostilePath {
  /** Where devices find the collector. */
  readonly port: number;
  readonly hostile: () => number;
  /** All that was held back of what devices sent goes now. */
  release(): void;
  close(): void;
}

/** One in so many datagrams of devices is held back. */
const HELD_PART = 40;

export async function openHostilePath(udp: number, seed: number): Promise<HostilePath> {
  const random = mulberry32(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  const [front, stranger] = [createSocket("udp4"), createSocket("udp4")];
  const backs = new Map<number, Socket>();
  const seen: Buffer[] = [];
  const held: [Socket, Buffer][] = [];
  let hostile = 0;
  const spoilt = (datagram: Buffer) => {
    seen[seen.length < SEEN_MAX ? seen.length : Math.floor(random() * SEEN_MAX)] = datagram;
    const made = [datagram, pick(seen), ...variants(datagram, pick(seen), pick)];
    hostile += made.length;
    return made;
  };
  const backOf = ({ address, port }: RemoteInfo) => {
    const known = backs.get(port);
    if (known !== undefined) return known;
    const back = createSocket("udp4");
    backs.set(port, back);
    back.on("message", (datagram) => {
      front.send(datagram, port, address);
      for (const each of spoilt(datagram)) {
        front.send(each, port, address);
        back.send(each, udp, COLLECTOR);
      }
    });
    return back;
  };
  front.on("message", (datagram, from) => {
    const back = backOf(from);
    if (random() < 1 / HELD_PART) held.push([back, datagram]);
    else back.send(datagram, udp, COLLECTOR);
    for (const each of spoilt(datagram)) {
      back.send(each, udp, COLLECTOR);
      stranger.send(each, udp, COLLECTOR);
      front.send(each, from.port, from.address);
    }
  });
  front.bind(0, COLLECTOR);
  await once(front, "listening");
  return {
    port: (front.address() as AddressInfo).port,
    hostile: () => hostile,
    release: () => {
      for (const [back, datagram] of held) back.send(datagram, udp, COLLECTOR);
    },
    close: () => {
      for (const socket of [front, stranger, ...backs.values()]) socket.close();
    },
  };
}

/** What somebody makes of two datagrams: cut, spliced, one with the other's token, in the clear, forged. */
function variants(one: Buffer, other: Buffer, pick: <T>(list: readonly T[]) => T): Uint8Array[] {
  const [message, second] = [messageOf(one), messageOf(other)];
  const cut = Math.floor(message.length / 2);
  const swapped = Uint8Array.from(message);
  swapped.set(second.subarray(TOKEN_AT, TOKEN_END), TOKEN_AT);
  const flipped = Uint8Array.from(message);
  flipped[flipped.length - 1]! ^= 1;
  const about = message[0] === SEAL_CODES.sealed ? message.slice(TOKEN_AT, TOKEN_END) : second;
  const denial = encodeDeny({
    reason: pick(["not-admitted", "unknown-association", "busy"] as const),
    retryAfterMs: 60_000,
    about: about.slice(0, 16),
  });
  const clear = encodedMessage(pick(IN_THE_CLEAR));
  return [
    message.subarray(0, cut),
    Buffer.concat([message.subarray(0, cut), second.subarray(Math.floor(second.length / 2))]),
    swapped,
    flipped,
    denial,
    Buffer.concat([new Uint8Array(4), clear]),
    Buffer.concat([message.subarray(TOKEN_AT, TOKEN_END), clear]),
  ].map(datagramOf);
}

/** Talk that would bring either side to the clear, or end the session, were it heard. */
const IN_THE_CLEAR: readonly Message[] = [
  ...["sim-1", "forged"].map(
    (device): Message => ({
      kind: "hello",
      version: 1,
      nonce: 1,
      device,
      epoch: "0011223344556677",
      firmware: "",
      reset: "",
      uptimeMs: 0,
      life: 1,
      first: 0,
      next: 9,
      schemas: [],
      receiveBytesMax: 0,
    }),
  ),
  { kind: "bye", reason: "done", retryAfterMs: 60_000 },
  { kind: "bye", reason: "unknown-session", retryAfterMs: 0 },
  { kind: "ack", next: 1_000_000, window: 256, bitmap: new Uint8Array(0) },
  { kind: "ping", id: 1 },
];

function messageOf(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(0, Math.max(TOKEN_END, datagram.length - DATAGRAM_TRAILER_BYTES));
}

/** The checksum is right: it keeps nobody out. */
export function datagramOf(message: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(message.length + DATAGRAM_TRAILER_BYTES);
  datagram.set(message);
  endDatagram(datagram, message.length);
  return datagram;
}
