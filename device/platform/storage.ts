// Where a device keeps short texts over a cut of its power: settings that were changed at run time, the
// reason of a restart. What is promised is little, so that any storage can keep it: a write that a cut
// interrupts leaves its own key as it was, or as it was to be, or spoilt, and no other key touched.

/** Keys have 1 to 15 characters, as an ESP32's non-volatile storage wants them. */
export interface KeyValueStorage {
  /** Undefined where there is none. */
  read(key: string): string | undefined;
  /** Throws where it cannot be kept. */
  write(key: string, text: string): void;
  /** A key that is not there does no harm. */
  delete(key: string): void;
}

/** For a platform that keeps nothing: all is gone with the power. */
export class MemoryStorage implements KeyValueStorage {
  readonly #texts = new Map<string, string>();

  read(key: string): string | undefined {
    return this.#texts.get(key);
  }

  write(key: string, text: string): void {
    this.#texts.set(key, text);
  }

  delete(key: string): void {
    this.#texts.delete(key);
  }
}
