// What is durable: epochs, schemas and records, which outlive the collector. The rules are those of
// host/store/writer.ts, in a model that fits on a page: the cursor takes each record once and in order,
// a batch is decoded before it is kept, and a transaction is applied whole or not at all.

import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { readBatchHeader } from "../../shared/batch/header.ts";
import { ByteReader } from "../../shared/bytes/cursor.ts";
import { type Channel, decodeSchema, schemaHash } from "../../shared/channel.ts";
import type { Gap, Hello } from "../../shared/message/message.ts";
import type { HostRecord } from "../../shared/session/host-session.ts";

export interface DurableSchema {
  readonly hash: number;
  readonly channels: readonly Channel[];
}

export interface DurableEpoch {
  readonly id: number;
  readonly device: string;
  readonly epoch: string;
  /** Every record before this one is accounted for. */
  next: number;
  lastMs: number;
  readonly schemas: Map<number, DurableSchema>;
}

/** Told of all that becomes durable, as it does. `columns` are good until the next record. */
export interface DiskWatcher {
  handleDurableBatch(epoch: DurableEpoch, sequence: number, columns: BatchColumns): void;
  handleDurableGap(epoch: DurableEpoch, gap: Gap): void;
  /** Records before `next` are missing, and the device no longer has them. */
  handleElsewhere(epoch: DurableEpoch, next: number): void;
}

export class Disk {
  /** A commit that ends while this is set fails. */
  isFailing = false;
  readonly epochs: DurableEpoch[] = [];
  readonly #byName = new Map<string, DurableEpoch>();
  /** By device and hash: a schema is sent once for all epochs of a device. */
  readonly #schemas = new Map<string, DurableSchema>();
  readonly #columns = new BatchColumns();
  readonly #watcher: DiskWatcher;

  constructor(watcher: DiskWatcher) {
    this.#watcher = watcher;
  }

  find(device: string, epoch: string): DurableEpoch | undefined {
    return this.#byName.get(`${epoch} ${device}`);
  }

  get(epochId: number): DurableEpoch | undefined {
    return this.epochs[epochId - 1];
  }

  begin({ device, epoch, first }: Hello): DurableEpoch {
    const id = this.epochs.length + 1;
    const begun = { id, device, epoch, next: first, lastMs: -1, schemas: new Map() };
    this.epochs.push(begun);
    this.#byName.set(`${epoch} ${device}`, begun);
    return begun;
  }

  putSchema(epoch: DurableEpoch, number: number, body: Uint8Array): void {
    const channels = decodeSchema(body);
    if (channels === undefined) return;
    const schema = { hash: schemaHash(body), channels };
    this.#schemas.set(`${schema.hash} ${epoch.device}`, schema);
    epoch.schemas.set(number, schema);
  }

  linkKnown(epoch: DurableEpoch, references: Hello["schemas"]): void {
    for (const { number, hash } of references) {
      const known = this.#schemas.get(`${hash} ${epoch.device}`);
      if (known !== undefined) epoch.schemas.set(number, known);
    }
  }

  /** Keeps a record that is next. Returns what is wrong with it, if anything; then nothing is kept. */
  keep(epoch: DurableEpoch, record: HostRecord): string | undefined {
    return record.kind === "gap"
      ? this.#keepGap(epoch, record)
      : this.#keepBatch(epoch, record.sequence, record.body);
  }

  skipTo(epoch: DurableEpoch, next: number): void {
    this.#watcher.handleElsewhere(epoch, next);
    epoch.next = next;
  }

  #keepGap(epoch: DurableEpoch, gap: Gap): undefined {
    epoch.next = gap.sequence + gap.count;
    this.#watcher.handleDurableGap(epoch, gap);
  }

  #keepBatch(epoch: DurableEpoch, sequence: number, body: Uint8Array): string | undefined {
    const columns = this.#columns;
    const header = readBatchHeader(new ByteReader(body));
    const schema = header && epoch.schemas.get(header.schema);
    if (schema === undefined) return `batch ${sequence} has no schema`;
    if (!decodeBatch(body, schema.channels, columns)) return `batch ${sequence} is malformed`;
    if (columns.timesMs[0]! < epoch.lastMs) return `batch ${sequence} runs backwards`;
    epoch.lastMs = columns.timesMs[columns.rows - 1]!;
    epoch.next = sequence + 1;
    this.#watcher.handleDurableBatch(epoch, sequence, columns);
    return undefined;
  }
}
