// Bytes on their way through a simulated IO class: the fixed buffer in which received ones wait, the
// buffer types that native code takes, and what XS throws where the native half is gone.
// Knows no socket and no port.

/** A byte buffer of fixed size; first in, first out. */
export class ByteFifo {
  readonly #bytes: Uint8Array;
  #waitingBytes = 0;

  constructor(capacityBytes: number) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get roomBytes(): number {
    return this.#bytes.length - this.#waitingBytes;
  }

  /** Copies in as much of `bytes` as there is room for and returns how many that was. */
  push(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.roomBytes);
    this.#bytes.set(taken, this.#waitingBytes);
    this.#waitingBytes += taken.length;
    return taken.length;
  }

  /** Removes the first `count` bytes, of which there must be as many, into a buffer of their own. */
  take(count: number): ArrayBuffer {
    const taken = new Uint8Array(count);
    taken.set(this.#bytes.subarray(0, count));
    this.#bytes.copyWithin(0, count, this.#waitingBytes);
    this.#waitingBytes -= count;
    return taken.buffer;
  }
}

/** The buffers that xsmcGetBufferReadable accepts on every platform. */
export type NativeBuffer = ArrayBuffer | Uint8Array | DataView;

/** A view of the bytes of `buffer`; throws TypeError "invalid buffer" for what native code refuses. */
export function viewOf(buffer: NativeBuffer): Uint8Array {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  if (buffer instanceof Uint8Array || buffer instanceof DataView) {
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }
  throw new TypeError("invalid buffer");
}

/** What xsmcGetHostDataValidate throws for an object that was closed. */
export function invalidHostData(): SyntaxError {
  return new SyntaxError("C: xsGetHostData: invalid host data");
}

/** Throws RangeError "invalid port" unless `port` is an integer from `portMin` to 65535. */
export function assertPort(port: number, portMin = 0): void {
  if (!Number.isInteger(port) || port < portMin || port > 65535) {
    throw new RangeError("invalid port");
  }
}
