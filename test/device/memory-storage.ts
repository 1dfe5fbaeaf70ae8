// A test's key-value storage: outlives whoever uses it, and counts what flash would have to endure.

import type { KeyValueStorage } from "../../device/platform/storage.ts";

export class MemoryStorage implements KeyValueStorage {
  readonly texts = new Map<string, string>();
  writes = 0;

  read(key: string): string | undefined {
    return this.texts.get(key);
  }

  write(key: string, value: string): void {
    this.writes++;
    this.texts.set(key, value);
  }

  delete(key: string): void {
    this.writes++;
    this.texts.delete(key);
  }
}
