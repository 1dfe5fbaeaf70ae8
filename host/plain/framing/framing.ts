// How plain clients mark where a message ends: which framings there are, and what each does with bytes
// in either direction. A framer is fed with bytes however the network cut them.

import { Header10Framer, header10Of } from "./header10.ts";
import { Length4Framer, length4Of } from "./length4.ts";
import { LineFramer } from "./line.ts";
import { RawFramer } from "./raw.ts";

export type Framing =
  | { readonly kind: "length4" }
  /** With `countsCharacters`, the header counts the characters of a UTF-8 text instead of its bytes. */
  | { readonly kind: "header10"; readonly countsCharacters: boolean }
  | { readonly kind: "line" }
  | { readonly kind: "datagram" }
  /** A frame is `count` bytes, or, where that is undefined, what comes until the line is quiet for `quietMs`. */
  | { readonly kind: "raw"; readonly count: number | undefined; readonly quietMs: number };

export type FramerEvent =
  /** The bytes are the receiver's. */
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  /** Bytes that are no frame were left out; the next frame is found again. */
  | { readonly kind: "skipped"; readonly why: string }
  /** Nothing behind this can be trusted. */
  | { readonly kind: "broken"; readonly why: string };

export interface Framer {
  /** Bytes that wait for the rest of their frame. */
  readonly waitingBytes: number;
  handleBytes(bytes: Uint8Array): void;
  /** Nothing came for the framing's `quietMs`. */
  handleQuiet(): void;
  /** Nothing more will come. */
  handleEnd(): void;
  /** The next event; undefined where more bytes are needed. */
  pollEvent(): FramerEvent | undefined;
}

/** A framer for one client. A datagram needs none: it is a frame. */
export function framerOf(framing: Framing, frameBytesMax: number): Framer {
  switch (framing.kind) {
    case "length4":
      return new Length4Framer(frameBytesMax);
    case "header10":
      return new Header10Framer(frameBytesMax, framing.countsCharacters);
    case "line":
      return new LineFramer(frameBytesMax);
    case "raw":
      return new RawFramer(framing.count ?? frameBytesMax, framing.count === undefined);
    case "datagram":
      return new RawFramer(frameBytesMax, true);
  }
}

/** `payload` as a frame. */
export function frameOf(framing: Framing, payload: Uint8Array): Uint8Array {
  switch (framing.kind) {
    case "length4":
      return length4Of(payload);
    case "header10":
      return header10Of(payload, framing.countsCharacters);
    case "line":
      return Buffer.concat([payload, Buffer.from("\n")]);
    default:
      return payload;
  }
}
