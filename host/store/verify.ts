// Recomputes the store's promises from its file: nothing missing in silence, nothing twice, all in
// order, every batch as it was stored and still decodable. Trusts nothing but the sequence numbers:
// checksums, counts and times are worked out again from the bodies.

import { openForReading } from "./reader.ts";
import { hasMergedBatches } from "./schema.ts";
import { type Database, sqliteCode } from "./sqlite.ts";
import { type EpochToVerify, EpochVerifier, hasRefused } from "./verify-epoch.ts";

export interface EpochVerdict {
  readonly device: string;
  readonly epoch: string;
  /** Records [first, next) are accounted for, says the store. */
  readonly first: number;
  readonly next: number;
  /** In batches that are sound. */
  readonly readings: number;
  readonly batches: number;
  readonly gaps: number;
  /** Readings that the device had to drop. */
  readonly gapReadings: number;
  /** Sequence numbers that no batch and no gap accounts for. */
  readonly missing: number;
  /** Sequence numbers accounted for twice, and batches that repeat another's body. */
  readonly duplicates: number;
  /** Sequence numbers that another store acknowledged. */
  readonly elsewhere: number;
  /** Batches that could not be read and are kept aside. */
  readonly keptAside: number;
  readonly checksumFailures: number;
  readonly undecodable: number;
}

export interface Verdict {
  /** Nothing is missing, doubled, damaged or in disagreement. */
  readonly ok: boolean;
  readonly devices: number;
  readonly batches: number;
  readonly readings: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly gapReadings: number;
  /** Batches that could not be read and are kept aside. */
  readonly keptAside: number;
  readonly checksumFailures: number;
  readonly undecodable: number;
  readonly epochs: readonly EpochVerdict[];
  /** What is wrong, in sentences; the first FAULTS_MAX of them. */
  readonly faults: readonly string[];
}

/** How far the verification is, in records. */
export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
}

const FAULTS_MAX = 100;

/** Epochs fetched at a time. */
const PAGE_EPOCHS = 64;

/**
 * Verifies the store at `path`, also while a collector writes to it: each epoch as it stands at one
 * moment. Rejects with a StoreError where there is no store to verify; damage is in the verdict.
 */
export async function verifyStore(
  path: string,
  onProgress: (progress: VerifyProgress) => void = () => {},
): Promise<Verdict> {
  const database = await openForReading(path);
  try {
    return new Verification(database, onProgress).run();
  } finally {
    database.close();
  }
}

class Verification {
  readonly #database: Database;
  readonly #onProgress: (progress: VerifyProgress) => void;
  readonly #epochs: EpochVerdict[] = [];
  readonly #faults: string[] = [];
  #done = 0;
  #total = 0;

  constructor(database: Database, onProgress: (progress: VerifyProgress) => void) {
    this.#database = database;
    this.#onProgress = onProgress;
  }

  run(): Verdict {
    this.#guard("the file", () => this.#checkFile());
    this.#guard("the list of epochs", () => this.#checkEpochs());
    this.#guard("the tables", () => this.#checkStrays());
    return this.#verdict();
  }

  #checkFile(): void {
    const rows = this.#database.prepare("PRAGMA quick_check(10)").all() as {
      quick_check: string;
    }[];
    for (const { quick_check: finding } of rows) {
      if (finding !== "ok") this.#addFault(`SQLite finds: ${finding}`);
    }
  }

  #checkEpochs(): void {
    const { total } = this.#database
      .prepare("SELECT total(next - first) AS total FROM epoch")
      .get() as { total: number };
    this.#total = total;
    const page = this.#database.prepare(
      "SELECT epoch.id, coalesce(device.name, '?') AS device FROM epoch LEFT JOIN device ON device.id = epoch.device WHERE epoch.id > ? ORDER BY epoch.id LIMIT ?",
    );
    let after = 0;
    for (;;) {
      const rows = page.all(after, PAGE_EPOCHS) as { id: number; device: string }[];
      for (const { id, device } of rows) {
        this.#guard(`epoch ${id} of ${device}`, () => this.#checkEpoch(id));
      }
      if (rows.length < PAGE_EPOCHS) return;
      after = rows[rows.length - 1]!.id;
    }
  }

  /** In one read transaction, so that a collector's commits do not come between. */
  #checkEpoch(id: number): void {
    this.#database.exec("BEGIN");
    try {
      const epoch = this.#database.prepare(epochSql(this.#database)).get(id) as EpochToVerify;
      const verifier = new EpochVerifier(this.#database, epoch, (text) => this.#addFault(text));
      this.#epochs.push(verifier.run((count) => this.#advance(count)));
    } finally {
      this.#database.exec("COMMIT");
    }
  }

  /** Batches and gaps of epochs that the store does not know. */
  #checkStrays(): void {
    const batches = this.#database.prepare(STRAY_BATCHES).get() as { id: number } | undefined;
    if (batches !== undefined) this.#addFault(`batch ${batches.id} belongs to no epoch`);
    const { gaps } = this.#database
      .prepare("SELECT count(*) AS gaps FROM gap WHERE epoch NOT IN (SELECT id FROM epoch)")
      .get() as { gaps: number };
    if (gaps > 0) this.#addFault(`${gaps} gaps belong to no epoch`);
    this.#checkStraySummaries();
    if (!hasRefused(this.#database)) return;
    const { refused } = this.#database.prepare(STRAY_REFUSED).get() as { refused: number };
    if (refused > 0) this.#addFault(`${refused} batches kept aside have no gap in their place`);
  }

  #checkStraySummaries(): void {
    if (!hasMergedBatches(this.#database)) return;
    const { stray } = this.#database.prepare(STRAY_SUMMARIES).get() as { stray: number };
    if (stray > 0) this.#addFault(`${stray} summaries belong to nothing`);
  }

  #advance(count: number): void {
    this.#done += count;
    this.#onProgress({ done: Math.min(this.#done, this.#total), total: this.#total });
  }

  /** What SQLite cannot read is a finding, not the end of the verification. */
  #guard(what: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      const isUnreadable =
        sqliteCode(error) !== undefined ||
        (error as { code?: unknown }).code === "ERR_OUT_OF_RANGE";
      if (!isUnreadable) throw error;
      this.#addFault(`${what} cannot be read: ${(error as Error).message}`);
    }
  }

  #addFault(text: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(text);
  }

  #verdict(): Verdict {
    const sum = (of: (epoch: EpochVerdict) => number) =>
      this.#epochs.reduce((total, epoch) => total + of(epoch), 0);
    const missing = sum((epoch) => epoch.missing);
    const duplicates = sum((epoch) => epoch.duplicates);
    const checksumFailures = sum((epoch) => epoch.checksumFailures);
    const undecodable = sum((epoch) => epoch.undecodable);
    return {
      ok: missing + duplicates + checksumFailures + undecodable + this.#faults.length === 0,
      devices: new Set(this.#epochs.map(({ device }) => device)).size,
      batches: sum((epoch) => epoch.batches),
      readings: sum((epoch) => epoch.readings),
      missing,
      duplicates,
      gapReadings: sum((epoch) => epoch.gapReadings),
      keptAside: sum((epoch) => epoch.keptAside),
      checksumFailures,
      undecodable,
      epochs: this.#epochs,
      faults: this.#faults,
    };
  }
}

function epochSql(database: Database): string {
  const merged = hasMergedBatches(database) ? "merged" : "0 AS merged";
  return `SELECT epoch.id, coalesce(device.name, '?') AS device, epoch, first, next, batches, readings,
    gap_readings, last_ms, ${merged}
    FROM epoch LEFT JOIN device ON device.id = epoch.device WHERE epoch.id = ?`;
}

const STRAY_SUMMARIES = `
SELECT (SELECT count(*) FROM summary WHERE id / 4294967296 NOT IN (SELECT id FROM epoch))
  + (SELECT count(*) FROM summary_blocks WHERE id NOT IN (SELECT id FROM summary)) AS stray`;

const STRAY_REFUSED = `
SELECT count(*) AS refused FROM refused WHERE NOT EXISTS (SELECT 1 FROM gap
  WHERE gap.epoch = refused.id / 4294967296 AND gap.sequence = refused.id % 4294967296
    AND gap.reason = 'refused')`;

/** One look at the key for each epoch: the last batch before it must belong to an epoch, and so must the last of all. */
const STRAY_BATCHES = `
WITH bound (low, high) AS (
  SELECT coalesce((SELECT max(before.id) + 1 FROM epoch AS before WHERE before.id < epoch.id), 0)
    * 4294967296, id * 4294967296 FROM epoch
  UNION ALL SELECT coalesce(max(id) + 1, 0) * 4294967296, 9007199254740991 FROM epoch
)
SELECT (SELECT batch.id FROM batch WHERE batch.id >= low AND batch.id < high LIMIT 1) AS id
FROM bound WHERE id IS NOT NULL LIMIT 1`;
