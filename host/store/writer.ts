// The one that writes: takes packets of operations, applies them in order within one transaction,
// and says what came of it once the transaction is on disk. Knows no threads and no timers, so tests
// drive it directly. A batch is decoded and checked before it is stored: what is in the file can be
// read.

import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { readBatchHeader } from "../../shared/batch/header.ts";
import { ByteReader } from "../../shared/bytes/cursor.ts";
import type { Gap, Hello } from "../../shared/message/message.ts";
import { BatchRows } from "./batch-rows.ts";
import type { EpochSchema, EpochState } from "./epoch-state.ts";
import { EpochTable } from "./epochs.ts";
import { EventTable } from "./events.ts";
import { LatestTable, noteLatest } from "./latest.ts";
import type { Operation, Outcome, Packet, ResumedEpoch } from "./operation.ts";
import { OutcomeDraft } from "./outcome.ts";
import { type PackedBatch, type PacketSink, readPacket } from "./packet.ts";
import { RefusedTable } from "./refused.ts";
import { addSaturating } from "./saturating.ts";
import { batchId } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";

/** When and how to commit. */
export interface CommitOptions {
  /** Monotonic. */
  readonly nowMs: number;
  /** Brings the latest table up to date even where that is not due. */
  readonly savesLatest?: boolean;
}

export class StoreWriter implements PacketSink {
  readonly #database: Database;
  readonly #epochs: EpochTable;
  readonly #latest: LatestTable;
  readonly #events: EventTable;
  readonly #refused: RefusedTable;
  readonly #batches: BatchRows;
  readonly #addGap: Statement;
  readonly #columns = new BatchColumns();
  #draft = new OutcomeDraft();
  #nowMs = 0;

  /** `database`: prepared for writing. The caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#epochs = new EpochTable(database, (state) => this.#latest.catchUp(state, this.#nowMs));
    this.#latest = new LatestTable(database, this.#epochs);
    this.#events = new EventTable(database);
    this.#refused = new RefusedTable(database);
    this.#batches = new BatchRows(database);
    this.#addGap = database.prepare("INSERT INTO gap VALUES (?, ?, ?, ?, ?, ?, ?)");
  }

  /** When a commit is due, if only to bring the latest table up to date; undefined where none is. */
  get commitDueAtMs(): number | undefined {
    return this.#latest.dueAtMs;
  }

  /** After a crash: brings the latest table up to date with the stored batches. */
  recover(nowMs: number): void {
    this.#nowMs = nowMs;
    const ids = this.#epochs.idsBehindLatest();
    if (ids.length === 0) return;
    this.#inTransaction(() => {
      for (const id of ids) {
        this.#epochs.get(id);
        this.#latest.save(nowMs, true);
        this.#trimCache();
      }
    });
  }

  /**
   * Stores the packets. When it returns, all is on disk. Where it throws, nothing of them is in the
   * store and the same packets may be tried again.
   */
  commit(packets: readonly Packet[], options: CommitOptions): Outcome {
    this.#nowMs = options.nowMs;
    this.#draft = new OutcomeDraft();
    this.#inTransaction(() => {
      for (const packet of packets) {
        this.#draft.operations += packet.count;
        readPacket(packet, this);
      }
      this.#batches.flush();
      for (const state of this.#draft.touched.keys()) this.#epochs.saveProgress(state);
      this.#events.trim();
      this.#latest.save(options.nowMs, options.savesLatest ?? false);
    });
    this.#trimCache();
    return this.#draft.finish();
  }

  handleBatch(batch: PackedBatch): void {
    const state = this.#epochs.get(batch.epochId);
    if (state === undefined) {
      this.#refuseUnknown(batch.epochId, batch.sequence);
      return;
    }
    if (!this.#isNext(state, batch.sequence)) return;
    const schema = this.#decode(state, batch);
    if (typeof schema === "string") {
      this.#refuse(state, batch, schema);
      return;
    }
    this.#storeBatch(state, schema, batch);
    noteLatest(schema, this.#epochs.readingsOf(state, schema), this.#columns);
    this.#advance(state, batch.sequence + 1, batch.receivedUs);
  }

  handleOperation(operation: Operation): void {
    switch (operation.kind) {
      case "resume":
        this.#resume(operation.ask, operation.hello, operation.receivedUs);
        break;
      case "schema":
        this.#putSchema(operation.epochId, operation.number, operation.body);
        break;
      case "gap":
        this.#handleGap(operation.epochId, operation.gap, operation.receivedUs);
        break;
      case "clock": {
        const state = this.#epochs.get(operation.epochId);
        if (state !== undefined) this.#epochs.putClock(state, operation.sample);
        break;
      }
      case "event":
        this.#events.add(operation.event);
        break;
      case "flush":
        this.#draft.answers.push({ ask: operation.ask });
        break;
    }
  }

  #trimCache(): void {
    this.#epochs.trim((state) => this.#latest.isTrailing(state));
  }

  #inTransaction(body: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      body();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    this.#epochs.clear();
    this.#latest.clear();
    this.#batches.clear();
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself, as it does on a full disk (sqlite.org/lang_transaction.html 3).
    }
  }

  /** False for records that came before, and for those behind one that is missing or was refused. */
  #isNext(state: EpochState, sequence: number): boolean {
    if (sequence < state.next) {
      this.#draft.duplicates++;
      this.#draft.touch(state, 0); // whoever sends it again was never told that it is stored
    }
    return sequence === state.next;
  }

  /** Decodes a batch into the columns. Returns its schema, or what is wrong with it. */
  #decode(state: EpochState, batch: PackedBatch): EpochSchema | string {
    const { sequence, body } = batch;
    const header = readBatchHeader(new ByteReader(body));
    if (header === undefined) return `batch ${sequence} has a head that cannot be read`;
    const schema = state.schemas.get(header.schema);
    if (schema === undefined) return `batch ${sequence} needs schema ${header.schema}`;
    if (!decodeBatch(body, schema.channels, this.#columns)) {
      return `batch ${sequence} cannot be decoded by schema ${header.schema}`;
    }
    const firstMs = this.#columns.timesMs[0]!;
    return firstMs < state.lastMs
      ? `batch ${sequence} begins at ${firstMs} ms, before the end of its predecessor at ${state.lastMs} ms`
      : schema;
  }

  #storeBatch(state: EpochState, schema: EpochSchema, batch: PackedBatch): void {
    const { sequence, link, receivedUs, body } = batch;
    const { timesMs, rows, readings } = this.#columns;
    const lastMs = timesMs[rows - 1]!;
    const id = batchId(state.id, sequence);
    const crc = state.checksum.of(sequence, body);
    const firstMs = timesMs[0]!;
    this.#batches.add(id, schema.id, firstMs, lastMs, rows, readings, link, receivedUs, crc, body);
    state.lastMs = lastMs;
    state.batches++;
    state.readings += readings;
    this.#draft.batches++;
    this.#draft.touch(state, readings);
  }

  #handleGap(epochId: number, gap: Gap, receivedUs: number): void {
    const state = this.#epochs.get(epochId);
    if (state === undefined) {
      this.#refuseUnknown(epochId, gap.sequence);
      return;
    }
    if (!this.#isNext(state, gap.sequence)) return;
    const { sequence, count, readings, firstMs, lastMs, reason } = gap;
    this.#addGap.run(epochId, sequence, count, readings, firstMs, lastMs, reason);
    const text = `dropped ${readings} readings (${reason}) taken from ${firstMs} to ${lastMs} ms of uptime`;
    this.#events.add({ atUs: receivedUs, device: state.device, kind: "gap", text });
    state.gapReadings = addSaturating(state.gapReadings, readings);
    this.#draft.gaps++;
    this.#draft.touch(state, 0);
    this.#advance(state, sequence + count, receivedUs);
  }

  #advance(state: EpochState, next: number, receivedUs: number): void {
    state.next = next;
    state.receivedUs = receivedUs;
    this.#latest.touch(state, this.#nowMs);
  }

  #resume(ask: number, hello: Hello, receivedUs: number): void {
    const { id, isNew } = this.#epochs.meetDevice(hello, receivedUs);
    const known = this.#epochs.find(id, hello.epoch);
    const state = known ?? this.#begin(ask, id, hello, receivedUs);
    if (state === undefined) return;
    if (known === undefined) this.#noteBegin(hello, isNew, receivedUs);
    if (state.next > hello.next) {
      this.#answerResume(ask, { epochId: state.id, next: state.next, schemas: [] });
      return;
    }
    if (hello.first > state.next) this.#skipElsewhere(state, hello.first, receivedUs);
    const schemas = this.#epochs.linkKnown(state, hello.schemas);
    this.#answerResume(ask, { epochId: state.id, next: state.next, schemas });
  }

  #answerResume(ask: number, resumed: ResumedEpoch): void {
    this.#draft.answers.push({ ask, resumed });
  }

  /** Undefined, and answered, where the store has no room for another epoch. */
  #begin(ask: number, deviceId: number, hello: Hello, receivedUs: number): EpochState | undefined {
    try {
      return this.#epochs.begin(deviceId, hello, receivedUs);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { code, message } = error;
      this.#draft.answers.push({ ask, fault: { code, message } });
      return undefined;
    }
  }

  #noteBegin(hello: Hello, isNew: boolean, atUs: number): void {
    const { device, epoch, reset, firmware } = hello;
    const kind = isNew ? "appeared" : "restarted";
    const text = `began epoch ${epoch} after "${reset}" with firmware ${firmware}`;
    this.#events.add({ atUs, device, kind, text });
  }

  /** The device no longer has the records before `first`: another store acknowledged them. */
  #skipElsewhere(state: EpochState, first: number, receivedUs: number): void {
    const count = first - state.next;
    this.#addGap.run(state.id, state.next, count, 0, null, null, "elsewhere");
    const text = `records ${state.next} to ${first - 1} were acknowledged by another store`;
    this.#events.add({ atUs: receivedUs, device: state.device, kind: "elsewhere", text });
    this.#draft.gaps++;
    this.#draft.touch(state, 0);
    this.#advance(state, first, receivedUs);
  }

  #putSchema(epochId: number, number: number, body: Uint8Array): void {
    const state = this.#epochs.get(epochId);
    if (state === undefined) return;
    const fault = this.#epochs.putSchema(state, number, body);
    if (fault === undefined) return;
    const atUs = state.receivedUs;
    this.#events.add({ atUs, device: state.device, kind: "refused", text: fault });
  }

  /** Keeps the batch aside and goes on behind it; where that cannot be, the epoch waits. */
  #refuse(state: EpochState, batch: PackedBatch, fault: string): void {
    const { epochId, sequence, receivedUs } = batch;
    const event = { atUs: receivedUs, device: state.device, kind: "refused" };
    const kept = this.#refused.keep(state, batch, fault);
    if (kept === undefined) {
      this.#draft.refused.push({ epochId, sequence, fault });
      this.#events.add({ ...event, text: fault });
      return;
    }
    if (kept.isFirst) {
      this.#draft.keptAside.push({ epochId, sequence, fault });
      this.#events.add({ ...event, text: `${fault}; kept aside` });
    }
    this.#addGap.run(epochId, sequence, 1, kept.readings, null, null, "refused");
    state.gapReadings = addSaturating(state.gapReadings, kept.readings);
    this.#draft.gaps++;
    this.#draft.touch(state, 0);
    this.#advance(state, sequence + 1, receivedUs);
  }

  #refuseUnknown(epochId: number, sequence: number): void {
    this.#draft.refused.push({ epochId, sequence, fault: `the store has no epoch ${epochId}` });
  }
}
