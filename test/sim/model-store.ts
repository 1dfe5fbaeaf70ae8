// The store as the collector has it, over a disk that may fail: host/store/store.ts and its worker on
// virtual time. What one turn brings is posted together; what waits is committed together; what is
// durable is told a moment later. A collector that dies takes with it all that is not durable.
//
// Promises are replaced by objects with a `then` that is called in the turn of its cause, so that
// nothing in a world depends on when the engine runs its microtasks.

import type { Hello } from "../../shared/message/message.ts";
import type { Resumed } from "../../shared/session/host-event.ts";
import type { HostRecord } from "../../shared/session/host-session.ts";
import type { Chance } from "./chance.ts";
import type { VirtualClock } from "./clock.ts";
import type { Disk, DurableEpoch } from "./disk.ts";
import type { WorldPlan } from "./plan.ts";
import type { Story } from "./story.ts";

/** As host/store/worker.ts waits after a commit that failed: doubling. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

/** From a commit's end to its being told: a message between threads. */
const TELLING_MS_MAX = 1;

const SLOW_COMMIT_MS_MAX = 1_500;

interface CommitTold {
  readonly stored: { readonly epochId: number; readonly next: number; readonly readings: number }[];
  readonly refused: {
    readonly epochId: number;
    readonly sequence: number;
    readonly fault: string;
  }[];
  readonly latest: readonly never[];
  batches: number;
  readings: number;
  gaps: number;
  duplicates: number;
}

interface Thenable<T> {
  then(resolve: (value: T) => void, reject?: (error: Error) => void): void;
}

type Answer = () => void;

export type StoreOperation =
  | { readonly kind: "resume"; readonly hello: Hello; readonly answer: (resumed: Resumed) => void }
  | {
      readonly kind: "schema";
      readonly epochId: number;
      readonly number: number;
      readonly body: Uint8Array;
    }
  | { readonly kind: "record"; readonly epochId: number; readonly record: HostRecord }
  | { readonly kind: "flush"; readonly answer: () => void };

/** A transaction: what it changes on disk, and what is told of it. */
export class Draft {
  readonly touched = new Set<DurableEpoch>();
  readonly answers: Answer[] = [];
  readonly commit: CommitTold = {
    stored: [],
    refused: [],
    latest: [],
    batches: 0,
    readings: 0,
    gaps: 0,
    duplicates: 0,
  };
}

export interface ModelStoreOptions {
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly disk: Disk;
  readonly plan: WorldPlan;
  readonly story: Story;
  /** A device's clock was measured. */
  readonly handleClock: (epoch: DurableEpoch, mapping: ClockMapping) => void;
  /** The collector is to die right here: after the commit, before anybody hears of it. */
  readonly handleFatalCommit: () => void;
}

export interface ClockMapping {
  readonly deviceMs: number;
  readonly utcUs: number;
  readonly uncertaintyUs: number;
}

export class ModelStore {
  onCommit: (commit: CommitTold) => void = () => {};
  onTrouble: (trouble: { readonly isOver: boolean; readonly text: string }) => void = () => {};
  onFailure: (error: Error) => void = () => {};
  /** A flush was answered: what waits for it is a real promise of the collector's, so microtasks must run. */
  hasAnsweredFlush = false;
  /** Records handed in and not yet durable. */
  recordsWaiting = 0;

  protected readonly options: ModelStoreOptions;
  #packet: StoreOperation[] = [];
  #queue: StoreOperation[] = [];
  #isCommitting = false;
  #isDead = false;
  #retryMs = 0;

  constructor(options: ModelStoreOptions) {
    this.options = options;
  }

  resume(hello: Hello): Thenable<Resumed> {
    return {
      // biome-ignore lint/suspicious/noThenProperty: see the head of this file
      then: (resolve) => this.#add({ kind: "resume", hello, answer: resolve }),
    };
  }

  putSchema(epochId: number, number: number, body: Uint8Array): void {
    this.#add({ kind: "schema", epochId, number, body: new Uint8Array(body) });
  }

  append(epochId: number, record: HostRecord): void {
    this.recordsWaiting++;
    const kept =
      record.kind === "batch" ? { ...record, body: new Uint8Array(record.body) } : record;
    this.#add({ kind: "record", epochId, record: kept });
  }

  putClock(epochId: number, mapping: ClockMapping): void {
    const epoch = this.options.disk.get(epochId);
    if (epoch !== undefined) this.options.handleClock(epoch, mapping);
  }

  putEvent(): void {}

  flush(): Thenable<void> {
    return {
      // biome-ignore lint/suspicious/noThenProperty: see the head of this file
      then: (resolve) => this.#add({ kind: "flush", answer: resolve }),
    };
  }

  /** The process dies. A transaction that was being written may have made it. */
  die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    const { chance, disk } = this.options;
    if (this.#isCommitting && !disk.isFailing && chance.is(0.5)) this.apply(this.#queue);
  }

  /** Applies the operations to the disk and says what came of it. A mutated store overrides this. */
  protected apply(operations: readonly StoreOperation[]): Draft {
    const draft = new Draft();
    for (const operation of operations) this.#applyOne(operation, draft);
    for (const { id, next } of draft.touched) {
      draft.commit.stored.push({ epochId: id, next, readings: 0 });
    }
    return draft;
  }

  /** As host/store/writer.ts: before the cursor a duplicate, behind it a record that waits for a refused one. */
  protected applyRecord(epoch: DurableEpoch, record: HostRecord, draft: Draft): void {
    if (record.sequence < epoch.next) {
      draft.commit.duplicates++;
      draft.touched.add(epoch);
    }
    if (record.sequence !== epoch.next) return;
    const fault = this.options.disk.keep(epoch, record);
    if (fault !== undefined) {
      draft.commit.refused.push({ epochId: epoch.id, sequence: record.sequence, fault });
      return;
    }
    draft.touched.add(epoch);
  }

  protected applyResume(hello: Hello): Resumed {
    const { disk } = this.options;
    const epoch = disk.find(hello.device, hello.epoch) ?? disk.begin(hello);
    if (epoch.next > hello.next) return { epochId: epoch.id, next: epoch.next, schemas: [] };
    if (hello.first > epoch.next) disk.skipTo(epoch, hello.first);
    disk.linkKnown(epoch, hello.schemas);
    return { epochId: epoch.id, next: epoch.next, schemas: [...epoch.schemas.keys()] };
  }

  /** The commit could not be written. A mutated store overrides this. */
  protected handleFailed(_operations: readonly StoreOperation[]): "retry" | "forget" {
    return "retry";
  }

  /** Tells what became durable, later. */
  protected tell({ commit, answers }: Draft): void {
    const { clock, chance } = this.options;
    clock.after(chance.between(0, TELLING_MS_MAX), () => {
      if (this.#isDead) return;
      this.onCommit(commit);
      for (const answer of answers) answer();
    });
  }

  #add(operation: StoreOperation): void {
    if (this.#isDead) return;
    this.#packet.push(operation);
    if (this.#packet.length === 1) this.options.clock.after(0, () => this.#post());
  }

  #post(): void {
    if (this.#isDead) return;
    this.#queue.push(...this.#packet);
    this.#packet = [];
    if (!this.#isCommitting) this.#begin();
  }

  #begin(): void {
    const { clock, chance, plan } = this.options;
    const isSlow = chance.is(plan.rates.slowCommit);
    if (isSlow) this.options.story.countFault("slow-commit");
    const durationMs = isSlow
      ? chance.between(20, SLOW_COMMIT_MS_MAX)
      : plan.commitMs * chance.between(0.2, 2);
    this.#isCommitting = true;
    const count = this.#queue.length;
    clock.after(durationMs, () => this.#end(count));
  }

  #end(count: number): void {
    if (this.#isDead) return;
    const operations = this.#queue.slice(0, count);
    if (this.options.disk.isFailing) {
      this.#fail(operations);
      return;
    }
    if (this.#retryMs > 0) this.onTrouble({ isOver: true, text: "the disk writes again" });
    this.#retryMs = 0;
    this.#isCommitting = false;
    this.#drop(count);
    const draft = this.apply(operations);
    const { chance, plan, handleFatalCommit } = this.options;
    if (chance.is(plan.rates.deathAfterCommit)) {
      this.#isDead = true;
      handleFatalCommit();
      return;
    }
    this.tell(draft);
    if (this.#queue.length > 0) this.#begin();
  }

  #drop(count: number): void {
    for (const { kind } of this.#queue.splice(0, count)) {
      if (kind === "record") this.recordsWaiting--;
    }
  }

  #fail(operations: readonly StoreOperation[]): void {
    const { clock } = this.options;
    if (this.#retryMs === 0) this.onTrouble({ isOver: false, text: "the disk cannot be written" });
    this.#retryMs = Math.min(Math.max(2 * this.#retryMs, RETRY_MS_MIN), RETRY_MS_MAX);
    if (this.handleFailed(operations) === "forget") this.#drop(operations.length);
    clock.after(this.#retryMs, () => {
      if (!this.#isDead && this.#queue.length > 0) this.#begin();
      else this.#isCommitting = false;
    });
  }

  #applyOne(operation: StoreOperation, draft: Draft): void {
    switch (operation.kind) {
      case "resume": {
        const resumed = this.applyResume(operation.hello);
        draft.answers.push(() => operation.answer(resumed));
        break;
      }
      case "schema": {
        const epoch = this.options.disk.get(operation.epochId);
        const { number, body } = operation;
        if (epoch !== undefined) this.options.disk.putSchema(epoch, number, body);
        break;
      }
      case "record": {
        const epoch = this.options.disk.get(operation.epochId);
        if (epoch !== undefined) this.applyRecord(epoch, operation.record, draft);
        break;
      }
      case "flush":
        draft.answers.push(() => {
          this.hasAnsweredFlush = true;
          operation.answer();
        });
    }
  }
}
