// A palette: the numbers that a column has had in this batch, the most frequent first, for sensors
// whose real steps are coarser than their resolution. Encoder and decoder keep equal ones. PROTOCOL 6.5.

/** So that a rank fits six bits, the length of the full palette among them. */
const PALETTE_SIZE_MAX = 63;
export const PALETTE_RANK_BITS = 6;

export class Palette {
  /** By rank: numbers, most frequent first. */
  readonly numbers: number[] = [];
  /** By rank: how often the number came. */
  readonly #counts: number[] = [];

  clear(): void {
    this.numbers.length = 0;
    this.#counts.length = 0;
  }

  /** The number at `rank` came once more: it moves in front of those that came less often. */
  hit(rank: number): void {
    const { numbers } = this;
    const counts = this.#counts;
    const number = numbers[rank]!;
    const count = counts[rank]! + 1;
    let at = rank;
    while (at > 0 && counts[at - 1]! < count) {
      numbers[at] = numbers[at - 1]!;
      counts[at] = counts[at - 1]!;
      at--;
    }
    numbers[at] = number;
    counts[at] = count;
  }

  /** A number that was not there; where there is no room it takes the last one's place. */
  add(number: number): void {
    const at = Math.min(this.numbers.length, PALETTE_SIZE_MAX - 1);
    this.numbers[at] = number;
    this.#counts[at] = 1;
  }
}
