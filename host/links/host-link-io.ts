// What the collector asks of an open link, and what links ask of the collector. The framings live
// in the links; the collector sees messages only.

import type { FrameEvent } from "../../shared/frame/frame.ts";
import type { LinkId, LinkTraits } from "../../shared/session/link.ts";

/** One open link of the host: a TCP connection, a UDP peer, a serial port. */
export interface HostLinkIo {
  readonly traits: LinkTraits;
  /** For people: where the other end is, e.g. "tcp 192.168.4.7:51334" or "serial /dev/ttyUSB0". */
  readonly where: string;
  /** What limits are counted by: the IP address, or the serial port. */
  readonly address: string;
  /** Frames and sends one message; `message` may be reused afterwards. */
  send(message: Uint8Array): void;
  /** The device on the link can take so many bytes at a time; 0 for no limit. Links that pace themselves need not care. */
  limitReceive?(bytesMax: number): void;
  /** It brings too much: reads no more for a moment, where that makes the other end wait. */
  rest?(): void;
  /** Whoever is at the other end has shown that they may be. */
  handleProven?(): void;
  /** Sends what waits and closes. */
  end(): void;
}

/** The collector as links see it. */
export interface LinkHub {
  /** A path opened. Undefined where the collector takes no more links. */
  handleLinkUp(io: HostLinkIo): LinkId | undefined;
  handleLinkDown(id: LinkId): void;
  /** The first datagram from an address. Returns the link where there is one for it from here on. */
  handleStranger(io: HostLinkIo, bytes: Uint8Array): LinkId | undefined;
  handleMessage(id: LinkId, bytes: Uint8Array): void;
  /** The link's buffers are full (true) or have drained (false). */
  handleBlocked(id: LinkId, isBlocked: boolean): void;
  /** Something that was no message: counted, and where it is text, shown. */
  handleNoise(where: string, event: Exclude<FrameEvent, { kind: "message" }>): void;
  /** All input of this turn has been handed in. */
  pump(): void;
}
