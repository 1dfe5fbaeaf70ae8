// Promise 3: nothing is lost in silence. Walks the samples as they were taken beside the records as
// they are stored: each record must go on exactly where the one before it ended, and a gap must tell
// of exactly the samples that it stands for: how many readings, from when to when.

import type { Gap } from "../../../shared/message/message.ts";
import { noteOf } from "../ledger.ts";
import type { Life } from "../life.ts";
import type { Checker, StoredRow } from "./checker.ts";

interface Account {
  /** The sample that is next to be accounted for. */
  sample: number;
  stored: number;
  dropped: number;
}

export class Accounts implements Checker {
  readonly name = "accounts";
  readonly #accounts = new Map<number, Account>();

  handleBatch(life: Life, sequence: number, rows: readonly StoredRow[]): string | undefined {
    const account = this.#accountOf(life);
    for (const { sample, readings, notes } of rows) {
      if (sample !== account.sample) {
        return `record ${sequence} has sample ${sample} where ${account.sample} is due: nothing accounts for those between`;
      }
      const taken = life.ledger.values[sample];
      if (readings !== taken)
        return `sample ${sample} had ${taken} readings, ${readings} are stored`;
      if (!areNotes(notes, sample, life.device.plan.noteBytesMax)) {
        return `sample ${sample} has other notes than were taken`;
      }
      account.sample++;
      account.stored += readings;
    }
    return undefined;
  }

  handleGap(life: Life, gap: Gap): string | undefined {
    const account = this.#accountOf(life);
    const { timesMs, values } = life.ledger;
    const first = account.sample;
    let readings = 0;
    while (readings < gap.readings && account.sample < values.length) {
      readings += values[account.sample++]!;
    }
    account.dropped += readings;
    if (readings !== gap.readings) {
      return `the gap at ${gap.sequence} tells of ${gap.readings} readings; samples ${first} to ${account.sample - 1} had ${readings}`;
    }
    const firstMs = timesMs[first];
    const lastMs = timesMs[account.sample - 1];
    return firstMs === gap.firstMs && lastMs === gap.lastMs
      ? undefined
      : `the gap at ${gap.sequence} is from ${gap.firstMs} to ${gap.lastMs} ms; its samples were taken from ${firstMs} to ${lastMs} ms`;
  }

  /** All that was taken in this life is stored, or a stored gap tells of it. */
  handleEnd(life: Life): string | undefined {
    const { stored, dropped } = this.#accountOf(life);
    const { readings } = life.ledger;
    const { status } = life.firmware;
    if (stored + dropped !== readings) {
      return `${readings} readings were taken; ${stored} are stored and gaps tell of ${dropped}`;
    }
    return status.readings === readings && status.gapReadings === dropped
      ? undefined
      : `the firmware counts ${status.readings} readings and ${status.gapReadings} dropped; it was ${readings} and ${dropped}`;
  }

  #accountOf(life: Life): Account {
    const known = this.#accounts.get(life.number);
    if (known !== undefined) return known;
    const account = { sample: 0, stored: 0, dropped: 0 };
    this.#accounts.set(life.number, account);
    return account;
  }
}

/** True where each note that is there is the one that was taken. */
function areNotes(
  notes: readonly (Uint8Array | undefined)[],
  sample: number,
  bytesMax: number,
): boolean {
  return notes.every((note, index) => {
    if (note === undefined) return true; // the count of readings tells of those that are missing
    const taken = noteOf(sample, index, bytesMax);
    return taken?.length === note.length && taken.every((byte, at) => byte === note[at]);
  });
}
