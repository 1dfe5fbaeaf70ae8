// One plain input as it was asked for: where it listens, how it reads what comes, what it answers.

import type { Address, SerialAddress } from "../links/address.ts";
import type { Decoding } from "./decode/decoder.ts";
import type { Framing } from "./framing/framing.ts";

export type PlainPlace =
  | { readonly kind: "tcp" | "udp"; readonly address: Address }
  | { readonly kind: "serial"; readonly address: SerialAddress };

export type Answering =
  | { readonly kind: "none" | "echo" | "json" }
  /** With `isFramed` in the input's framing, else the bytes of the text alone. */
  | { readonly kind: "text"; readonly text: string; readonly isFramed: boolean };

export interface PlainChannel {
  readonly name: string;
  readonly unit: string;
}

export interface PlainSpec {
  readonly place: PlainPlace;
  readonly framing: Framing;
  readonly decoding: Decoding;
  /** Empty: whatever comes. */
  readonly channels: readonly PlainChannel[];
  readonly answering: Answering;
  /** Addresses and networks such as 192.168.4.0/24; empty: everybody. */
  readonly allow: readonly string[];
  /** With {address}, {port} and {field:...} in it. */
  readonly name: string;
  /** The field that says when the readings were taken; undefined: they were taken when they came. */
  readonly timeField: string | undefined;
  readonly frameBytesMax: number;
  readonly clientsMax: number;
}

/** "json in length4 frames over tcp": for people, and what the store keeps as the device's firmware. */
export function describeSpec({ place, framing, decoding }: PlainSpec): string {
  const frames = framing.kind === "datagram" ? "" : ` in ${framing.kind} frames`;
  return `${decoding.kind}${frames} over ${place.kind}`;
}
