// What a decoder finds in a frame, before channels are made of it.

/** Python's complex number. */
export class Complex {
  readonly real: number;
  readonly imag: number;

  constructor(real: number, imag: number) {
    this.real = real;
    this.imag = imag;
  }
}

export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Complex
  | readonly PlainValue[]
  | PlainMap;

/** Keys are text, so that no key can touch a prototype. May hold itself, as a pickle's dict may. */
export interface PlainMap extends ReadonlyMap<string, PlainValue> {}

export type Decoded =
  | {
      readonly ok: true;
      readonly value: PlainValue;
      /** The value is a list with a row in each place, whatever the rows are. */
      readonly isRows?: boolean;
    }
  /** `why` goes on from "a frame was refused: ". */
  | { readonly ok: false; readonly why: string };

export type PlainDecoder = (frame: Uint8Array) => Decoded;

export function refused(why: string): Decoded {
  return { ok: false, why };
}
