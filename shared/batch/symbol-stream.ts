// What the encoder's innermost loops know of the times and of a column: PROTOCOL 6.3 as fields.

import type { BitWriter } from "../bytes/bits.ts";

/** What each row has a word of. The fields are in the order in which the loop asks for them. */
export interface SymbolStream {
  /** What is expected, in 256ths, beyond `base`. */
  mean: number;
  /** The integer of this row. */
  next: number;
  base: number;
  /** By residual + `center`: its bits (`SCALES.packed`). Empty where the row is not the usual case. */
  packed: readonly number[];
  center: number;
  /** Sum of symbols since the last fit. */
  sum: number;
  gain: number;
  /** Writes this row's part where it is not the usual case. */
  write(writer: BitWriter): void;
  /** Fits the scale to the symbols of the last `rows` rows. */
  fit(rows: number): void;
}
