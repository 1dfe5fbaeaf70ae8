// A 4-byte big-endian length, then so many bytes: the framing of the teaching material's message
// clients, file transfer and JSON actions.

import { ByteQueue } from "./byte-queue.ts";
import type { Framer, FramerEvent } from "./framing.ts";

const LENGTH_BYTES = 4;

export class Length4Framer implements Framer {
  readonly #queue = new ByteQueue();
  readonly #frameBytesMax: number;
  #hasEnded = false;
  #isBroken = false;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  get waitingBytes(): number {
    return this.#queue.length;
  }

  handleBytes(bytes: Uint8Array): void {
    if (!this.#isBroken) this.#queue.push(bytes);
  }

  handleQuiet(): void {}

  handleEnd(): void {
    this.#hasEnded = true;
  }

  pollEvent(): FramerEvent | undefined {
    const queue = this.#queue;
    if (this.#isBroken || queue.length === 0) return undefined;
    const length =
      queue.length < LENGTH_BYTES ? undefined : queue.peek(LENGTH_BYTES).readUInt32BE();
    if (length !== undefined && length > this.#frameBytesMax) {
      return this.#break(
        `its length field says ${length} bytes, more than the ${this.#frameBytesMax} that \`frame=\` allows; does it send another framing?`,
      );
    }
    if (length === undefined || queue.length < LENGTH_BYTES + length) {
      return this.#hasEnded ? this.#break("it ended in the middle of a frame") : undefined;
    }
    queue.drop(LENGTH_BYTES);
    return { kind: "frame", bytes: queue.take(length) };
  }

  #break(why: string): FramerEvent {
    this.#isBroken = true;
    this.#queue.drop(this.#queue.length);
    return { kind: "broken", why };
  }
}

export function length4Of(payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(LENGTH_BYTES + payload.length);
  frame.writeUInt32BE(payload.length);
  frame.set(payload, LENGTH_BYTES);
  return frame;
}
