// The outbox of a device with flash to spare: records go from memory to a log in flash as soon as they
// are made, and only from there to the host, so a cut of the power costs no more than what was still
// being gathered. PROTOCOL 7.8, docs/decisions/0009-flash-log.md.
//
// What lives before this one left in the log comes first: an epoch after the other, oldest first, each
// in a session of its own. A full log leaves records in memory, where the outbox drops them as it does
// without flash. A log whose driver fails is let go of until the next boot: what is in memory, and was
// never sent, goes on under a new epoch.

import type { GapReason } from "../../shared/errors.ts";
import type { BatchFacts, Outbox, OutboxRecord } from "../../shared/outbox.ts";
import type { RecordSource } from "../../shared/session/record-source.ts";
import { epochSchemaHash, logEpoch, sessionEpoch } from "./epoch.ts";
import { EpochRecords } from "./epoch-records.ts";
import type { Flash } from "./flash.ts";
import { FlashLog, type Recovery } from "./flash-log.ts";
import { WatchedFlash } from "./watched-flash.ts";

export interface FlashOutboxOptions {
  readonly flash: Flash;
  /** Where records wait that the log has no room for. */
  readonly memory: Outbox;
  /** The hash of this life's schema. */
  readonly schemaHash: number;
  /** 16 random hexadecimal digits, new at each call. */
  readonly createEpoch: () => string;
}

/** The epoch whose records are to be sent. */
export interface Turn {
  readonly epoch: string;
  readonly schemaHash: number;
  readonly records: RecordSource;
  /** It is of an earlier life. */
  readonly isPast: boolean;
}

export class FlashOutbox {
  /** What lives before this one left. */
  readonly recovery: Recovery;

  readonly #options: FlashOutboxOptions;
  readonly #flash: WatchedFlash;
  readonly #log: FlashLog;
  readonly #memory: Outbox;
  /** Of this life. */
  readonly #records: EpochRecords;
  #turn: Turn;
  #hasFailed = false;
  /** What the memory's outbox calls acknowledged and is only kept in flash. */
  #keptReadings = 0;

  constructor(options: FlashOutboxOptions) {
    const { flash, memory, schemaHash, createEpoch } = options;
    this.#options = options;
    this.#memory = memory;
    this.#flash = new WatchedFlash(flash);
    this.#log = new FlashLog({ flash: this.#flash });
    this.recovery = this.#log.recover();
    this.#records = this.#recordsOf(logEpoch(createEpoch(), schemaHash), 0);
    this.#turn = this.#nextTurn();
  }

  /** The epoch whose turn it is. It changes in `poll` only. */
  get turn(): Turn {
    return this.#turn;
  }

  /** What the driver said when it failed; undefined while it works. */
  get failure(): unknown {
    return this.#flash.failure;
  }

  /** 0 to 1: how near the outbox is to dropping something. */
  get fill(): number {
    return this.#memory.fill;
  }

  /** Everything is acknowledged, what was left by lives before this one included. */
  get isEmpty(): boolean {
    if (this.#memory.records > 0) return false;
    return this.#hasFailed || (!this.#turn.isPast && this.#records.isDrained);
  }

  get droppedReadings(): number {
    return this.#memory.droppedReadings;
  }

  /** Of this life. */
  get acknowledgedReadings(): number {
    const fromMemory = this.#memory.acknowledgedReadings - this.#keptReadings;
    return this.#records.acknowledgedReadings + fromMemory;
  }

  appendBatch(batch: Uint8Array, facts: BatchFacts): void {
    this.#memory.appendBatch(batch, facts);
    this.#keep();
  }

  appendGap(reason: GapReason, facts: BatchFacts): void {
    this.#memory.appendGap(reason, facts);
    this.#keep();
  }

  /** Goes on after acknowledgements: there may be room in the log, and it may be another epoch's turn. True where it is. */
  poll(): boolean {
    this.#keep();
    const before = this.#turn;
    if (this.#flash.failure !== undefined) this.#fail();
    else if (before.isPast && before.records.first === before.records.next) {
      this.#turn = this.#nextTurn();
    }
    return this.#turn !== before;
  }

  /** Writes down what was acknowledged: before an orderly stop, so that nothing is sent twice. */
  flush(): void {
    this.#log.flush();
  }

  #nextTurn(): Turn {
    const past = this.#log.epochs().find(({ epoch }) => epoch !== this.#records.epoch);
    const isPast = past !== undefined;
    const records = isPast ? this.#recordsOf(past.epoch, past.first, past.next) : this.#records;
    const { epoch } = records;
    return { epoch: sessionEpoch(epoch), schemaHash: epochSchemaHash(epoch), records, isPast };
  }

  #recordsOf(epoch: string, first: number, pastNext?: number): EpochRecords {
    return new EpochRecords({
      log: this.#log,
      flash: this.#flash,
      epoch,
      first,
      ...(pastNext === undefined ? {} : { pastNext }),
    });
  }

  /** A new epoch, because the log may hold more of the old one, and will go on with it after a boot. */
  #fail(): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const { createEpoch, schemaHash } = this.#options;
    this.#turn = { epoch: createEpoch(), schemaHash, records: this.#memory, isPast: false };
  }

  /** Moves what is in memory to flash, as far as there is room. */
  #keep(): void {
    if (this.#flash.failure !== undefined) return;
    const memory = this.#memory;
    for (let record = memory.unsentRecord(); record !== undefined; record = memory.unsentRecord()) {
      if (!this.#append(record)) return;
      const next = record.sequence + record.count;
      if (record.gap === undefined) this.#keptReadings += record.readings;
      memory.markSent(record);
      memory.acknowledge(next);
      this.#records.handleAppended(next);
    }
  }

  #append(record: OutboxRecord): boolean {
    const { sequence, count, gap, readings, firstMs, lastMs } = record;
    const body = this.#memory.batchOf(record);
    const { epoch } = this.#records;
    const kept = { epoch, sequence, count, gap, readings, firstMs, lastMs, body };
    return this.#log.append(kept) === "appended" && this.#flash.failure === undefined;
  }
}
