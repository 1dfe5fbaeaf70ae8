// How many clients may be there at a time, in all and from one address.

export class Places {
  readonly #countMax: number;
  readonly #perAddressMax: number;
  readonly #perAddress = new Map<string, number>();
  #count = 0;

  constructor(countMax: number, perAddressMax: number) {
    this.#countMax = countMax;
    this.#perAddressMax = perAddressMax;
  }

  /** False where there is none for the address. */
  take(address: string): boolean {
    const count = this.#perAddress.get(address) ?? 0;
    if (this.#count >= this.#countMax || count >= this.#perAddressMax) return false;
    this.#count++;
    this.#perAddress.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = this.#perAddress.get(address) ?? 0;
    this.#count--;
    if (count > 1) this.#perAddress.set(address, count - 1);
    else this.#perAddress.delete(address);
  }
}
