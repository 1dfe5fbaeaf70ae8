// Small texts that outlive a cut of the power: settings that were changed at run time, the reason of a
// restart. A write replaces the text before it at once or not at all.

export interface KeyValueStorage {
  /** Undefined where nothing was written. */
  read(key: string): string | undefined;
  write(key: string, value: string): void;
  /** A key that is not there does no harm. */
  delete(key: string): void;
}
