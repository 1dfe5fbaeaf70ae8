// What every framing gives: messages, and what was found between them. PROTOCOL 3.
// Framings know nothing of what a message says; shared/message/ does.

import type { NoiseReason } from "../errors.ts";

export type FrameEvent =
  /** One whole message with a good checksum; a view that lasts until the decoder is next polled or fed. */
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  /** `dropped` bytes that were no frame. The decoder goes on behind them. */
  | { readonly kind: "noise"; readonly reason: NoiseReason; readonly dropped: number }
  /** Text between frames: boot messages and traces of a device on a serial line. Same life as a message. */
  | { readonly kind: "text"; readonly bytes: Uint8Array }
  /** The stream cannot be understood any more; close it. Nothing follows. */
  | { readonly kind: "broken"; readonly reason: NoiseReason };

/** Feed with `handleBytes`, then drain with `pollFrame` until undefined before the next input. */
export interface FrameDecoder {
  handleBytes(bytes: Uint8Array): void;
  pollFrame(): FrameEvent | undefined;
}
