// A decimal length in a field of 10 characters, padded with spaces, then the message. The teaching
// clients say len(text), which in Python counts characters, and send UTF-8, where "María" has 5
// characters and 6 bytes: their own server then reads one byte too few and takes the last one for the
// next header. Both ways of counting are offered, because nothing in the bytes tells which is meant
// before the next header has come.

import { ByteQueue } from "./byte-queue.ts";
import type { Framer, FramerEvent } from "./framing.ts";

const HEADER_BYTES = 10;
const HEADER = /^ *\d+ *$/;

/** The most bytes that UTF-8 has for one character. */
const CHARACTER_BYTES_MAX = 4;

export class Header10Framer implements Framer {
  readonly #queue = new ByteQueue();
  readonly #frameBytesMax: number;
  readonly #countsCharacters: boolean;
  /** What the header at hand says; undefined before it has come. */
  #count: number | undefined;
  /** Of the frame at hand: characters that have begun, and the bytes looked at so far. */
  #characters = 0;
  #scannedBytes = 0;
  /** The last frame was not ASCII alone: counting bytes or characters makes a difference. */
  #wasAmbiguous = false;
  #hasEnded = false;
  #isBroken = false;

  constructor(frameBytesMax: number, countsCharacters: boolean) {
    this.#frameBytesMax = frameBytesMax;
    this.#countsCharacters = countsCharacters;
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
    if (this.#isBroken) return undefined;
    const fault = this.#readHeader();
    if (fault !== undefined) return this.#break(fault);
    const length = this.#count === undefined ? undefined : this.#frameBytes(this.#count);
    if (length === undefined) return this.#needMore();
    if (length > this.#frameBytesMax) return this.#break(this.#tooLong());
    this.#count = undefined;
    this.#characters = 0;
    this.#scannedBytes = 0;
    const bytes = this.#queue.take(length);
    this.#wasAmbiguous = bytes.some((byte) => byte > 0x7f);
    return { kind: "frame", bytes };
  }

  #needMore(): FramerEvent | undefined {
    const isWhole = this.#count === undefined && this.#queue.length === 0;
    return this.#hasEnded && !isWhole
      ? this.#break(`it ended in the middle of a frame${this.#hint()}`)
      : undefined;
  }

  /** Returns what is wrong with the header, if anything. */
  #readHeader(): string | undefined {
    if (this.#count !== undefined || this.#queue.length < HEADER_BYTES) return undefined;
    const text = this.#queue.peek(HEADER_BYTES).toString("latin1");
    if (!HEADER.test(text)) {
      return `instead of a length in 10 characters came ${JSON.stringify(text)}${this.#hint()}`;
    }
    this.#count = Number(text);
    this.#queue.drop(HEADER_BYTES);
    return this.#count > this.#frameBytesMax ? this.#tooLong() : undefined;
  }

  /** The length of the frame in bytes; undefined while too little of it has come. */
  #frameBytes(count: number): number | undefined {
    if (!this.#countsCharacters) return this.#queue.length < count ? undefined : count;
    const bytesMax = Math.min(count * CHARACTER_BYTES_MAX, this.#frameBytesMax);
    while (this.#scannedBytes < this.#queue.length) {
      const isBeginning = (this.#queue.at(this.#scannedBytes) & 0xc0) !== 0x80;
      if (isBeginning && this.#characters === count) return this.#scannedBytes;
      if (isBeginning) this.#characters++;
      this.#scannedBytes++;
      if (this.#scannedBytes > bytesMax) return this.#scannedBytes;
    }
    return this.#isLastCharacterWhole(count) ? this.#scannedBytes : undefined;
  }

  /** Whether the bytes so far are `count` whole characters: then the frame does not wait for the next one. */
  #isLastCharacterWhole(count: number): boolean {
    if (this.#characters < count) return false;
    let start = this.#scannedBytes - 1;
    while (start > 0 && (this.#queue.at(start) & 0xc0) === 0x80) start--;
    if (start < 0) return true;
    const lead = this.#queue.at(start);
    const length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return this.#scannedBytes - start >= length;
  }

  #tooLong(): string {
    return `its header says ${this.#count}, more than the ${this.#frameBytesMax} bytes that \`frame=\` allows; does it send another framing?`;
  }

  /** The usual reason for a broken header, where it may be that. */
  #hint(): string {
    if (!this.#wasAmbiguous) return "";
    return this.#countsCharacters
      ? "; perhaps it counts bytes: use framing=header10"
      : "; perhaps it counts characters instead of bytes, as Python's len(text) does: use framing=header10chars";
  }

  #break(why: string): FramerEvent {
    this.#isBroken = true;
    this.#queue.drop(this.#queue.length);
    return { kind: "broken", why };
  }
}

export function header10Of(payload: Uint8Array, countsCharacters: boolean): Uint8Array {
  const count = countsCharacters
    ? [...Buffer.from(payload).toString("utf8")].length
    : payload.length;
  return Buffer.concat([Buffer.from(String(count).padEnd(HEADER_BYTES)), payload]);
}
