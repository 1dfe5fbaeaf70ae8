// The store as a collector has it, in memory and without a thread: what is handed in waits until `commit`,
// and may then be read. Outcomes are cloned on their way, as between threads.

import type { Commit, ResumedEpoch, StoreEvent, Trouble } from "../../host/store/operation.ts";
import { PacketWriter, type RecordMeta } from "../../host/store/packet.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { prepareForWriting } from "../../host/store/schema.ts";
import type { Database, OpenDatabase } from "../../host/store/sqlite.ts";
import type { Store } from "../../host/store/store.ts";
import { StoreWriter } from "../../host/store/writer.ts";
import { jsonText } from "../../host/terminal/printable.ts";
import type { UtcSample } from "../../host/time/utc-sample.ts";
import type { Hello } from "../../shared/message/message.ts";
import type { HostRecord } from "../../shared/session/host-session.ts";
import { must, mustEqual } from "./target.ts";

interface Waiter {
  readonly resolve: (epoch: ResumedEpoch) => void;
  readonly reject: (error: Error) => void;
}

type Part = Pick<
  Store,
  "putSchema" | "append" | "putClock" | "putEvent" | "onCommit" | "onTrouble"
>;

export class StoreInMemory implements Part {
  onCommit: (commit: Commit) => void = () => {};
  onTrouble: (trouble: Trouble) => void = () => {};
  readonly #database: Database;
  readonly #writer: StoreWriter;
  readonly #packet = new PacketWriter();
  readonly #waiters = new Map<number, Waiter>();
  #asks = 0;

  constructor(open: OpenDatabase) {
    this.#database = open(":memory:");
    prepareForWriting(this.#database);
    this.#writer = new StoreWriter(this.#database);
  }

  close(): void {
    this.#database.close();
  }

  /** Not a promise: the answer comes within `commit`, and no microtask is left behind. */
  resume(
    hello: Hello,
    receivedUs: number,
  ): { then(...waiter: [Waiter["resolve"], Waiter["reject"]]): void } {
    return {
      // biome-ignore lint/suspicious/noThenProperty: see above
      then: (resolve, reject) => {
        const ask = this.#asks++;
        this.#waiters.set(ask, { resolve, reject });
        this.#packet.addOther({ kind: "resume", ask, hello, receivedUs });
      },
    };
  }

  putSchema(epochId: number, number: number, body: Uint8Array): void {
    this.#packet.addOther({ kind: "schema", epochId, number, body: body.slice() });
  }

  append(epochId: number, record: HostRecord, meta: RecordMeta): void {
    if (record.kind === "batch") this.#packet.addBatch(epochId, record.sequence, record.body, meta);
    else this.#packet.addOther({ kind: "gap", epochId, gap: record, receivedUs: meta.receivedUs });
  }

  putClock(epochId: number, sample: UtcSample): void {
    this.#packet.addOther({ kind: "clock", epochId, sample });
  }

  putEvent(event: StoreEvent): void {
    this.#packet.addOther({ kind: "event", event });
  }

  /** Whoever stops the collector does not wait. */
  flush(): { then(): void } {
    // biome-ignore lint/suspicious/noThenProperty: see above
    return { then: () => {} };
  }

  commit(nowMs: number): void {
    const packet = structuredClone(this.#packet.take());
    const outcome = structuredClone(this.#writer.commit([packet], { nowMs, savesLatest: true }));
    this.onCommit(outcome.commit);
    for (const { ask, resumed, fault } of outcome.answers) {
      const waiter = this.#waiters.get(ask);
      this.#waiters.delete(ask);
      if (resumed !== undefined) waiter?.resolve(resumed);
      else waiter?.reject(new Error(fault?.message));
    }
  }

  /** Records tile each epoch without a hole, and all that is there can be read and shown. */
  check(): void {
    const epochs = this.#all("SELECT id, first, next FROM epoch") as EpochRow[];
    for (const epoch of epochs) this.#checkTiles(epoch);
    const reader = new (StoreReader as unknown as new (from: Database) => StoreReader)(
      this.#database,
    );
    for (const device of reader.devices()) {
      jsonText(device);
      jsonText(reader.latest(device.name));
      jsonText(reader.extent(device.name));
    }
    jsonText([reader.gaps(), reader.events()]);
    for (const chunk of reader.readings({}))
      must(chunk.endRow > chunk.firstRow, "a chunk has rows");
  }

  #checkTiles({ id, first, next }: EpochRow): void {
    const rows = this.#all(
      `SELECT id - ${id} * 4294967296 AS sequence, 1 AS count FROM batch
       WHERE id >= ${id} * 4294967296 AND id < (${id} + 1) * 4294967296
       UNION ALL SELECT sequence, count FROM gap WHERE epoch = ${id} ORDER BY sequence`,
    ) as { sequence: number; count: number }[];
    let end = first;
    for (const { sequence, count } of rows) {
      mustEqual(sequence, end, "each record is stored once, and where it belongs");
      end = sequence + count;
    }
    mustEqual(end, next, "the epoch goes as far as its records");
  }

  #all(sql: string): unknown[] {
    return this.#database.prepare(sql).all();
  }
}

interface EpochRow {
  readonly id: number;
  readonly first: number;
  readonly next: number;
}
