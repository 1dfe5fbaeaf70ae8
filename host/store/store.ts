// The store as the collector has it: hands operations to the worker thread and hears from it what is
// on disk. Nothing here waits for a disk. docs/decisions/0006-store.md.

import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import type { Hello } from "../../shared/message/message.ts";
import type { HostRecord } from "../../shared/session/host-session.ts";
import type { UtcSample } from "../time/utc-sample.ts";
import type {
  Answer,
  Commit,
  Fault,
  MessageFromWorker,
  MessageToWorker,
  Operation,
  Outcome,
  ResumedEpoch,
  StoreEvent,
  Trouble,
  WorkerOptions,
} from "./operation.ts";
import { PacketWriter, type RecordMeta } from "./packet.ts";
import { StoreError } from "./store-error.ts";

export interface StoreOptions {
  /** The database file; made where there is none. */
  readonly path: string;
  /** Largest size of the database file, its log not counted. At it, the store stops and says so. */
  readonly sizeBytesMax?: number;
  /** How long a batch stays as it came before it is merged with others; three minutes unless told. */
  readonly mergeAfterMs?: number;
  /** The worker's program, where it is not beside this one. */
  readonly workerUrl?: URL;
}

/**
 * Clock samples and events that are kept while the store cannot write; later ones are left out. All
 * else that waits is bounded by its session: records by the window, epochs by shared/session/lookup.ts.
 */
const EXTRAS_WAITING_MAX = 10_000;

/**
 * The worker's young objects live for one transaction. V8 would let them take 48 MiB under load and
 * keep that; with 6 it collects more often and no slower, for less is in the processor's cache.
 */
const YOUNG_MEBIBYTES = 6;

interface Waiter {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Store {
  /** Told of every transaction, once it is on disk. */
  onCommit: (commit: Commit) => void = () => {};
  /** Told when the store cannot write, and when it can again. */
  onTrouble: (trouble: Trouble) => void = () => {};
  /** Told that the worker died: nothing is stored any more. By default that ends the process. */
  onFailure: (error: StoreError) => void = (error) => {
    throw error;
  };

  readonly #path: string;
  readonly #worker: Worker;
  readonly #packet = new PacketWriter();
  readonly #waiters = new Map<number, Waiter>();
  readonly #closed: Promise<void>;
  #nextAsk = 0;
  #waiting = 0;
  /** Clock samples and events handed in during the present trouble; undefined while there is none. */
  #extrasWaiting: number | undefined;
  #isPostDue = false;
  #isClosing = false;
  /** Why nothing can be handed in any more. */
  #end: StoreError | undefined;

  /**
   * Opens or creates a store. Rejects with a StoreError where the file is something else, cannot be
   * written, or has another writer; it is then left as it was.
   */
  static async open(options: StoreOptions): Promise<Store> {
    const path = resolve(options.path);
    const { sizeBytesMax, mergeAfterMs } = options;
    const workerData: WorkerOptions = {
      path,
      ...(sizeBytesMax === undefined ? {} : { sizeBytesMax }),
      ...(mergeAfterMs === undefined ? {} : { mergeAfterMs }),
    };
    const worker = new Worker(options.workerUrl ?? defaultWorkerUrl(), {
      workerData,
      name: "senda store",
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
    });
    await opened(worker, path);
    return new Store(worker, path);
  }

  private constructor(worker: Worker, path: string) {
    this.#worker = worker;
    this.#path = path;
    this.#closed = new Promise((resolveClosed) => {
      worker.once("exit", () => resolveClosed());
    });
    worker.on("message", (message: MessageFromWorker) => this.#handleMessage(message));
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("it ended unasked")));
  }

  /** Operations handed in and not yet on disk. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Finds the device's epoch, or begins it at the hello's oldest record. Resolves once that is on
   * disk. Records that the device no longer has were acknowledged by another store; a gap "elsewhere"
   * stands for them. Where the store is past the hello's `next`, nothing changes.
   */
  async resume(hello: Hello, receivedUs: number): Promise<ResumedEpoch> {
    const answer = await this.#ask((ask) => ({ kind: "resume", ask, hello, receivedUs }));
    return answer.resumed!;
  }

  /** Keeps a schema of the epoch, before the batches that need it. Copies the body. */
  putSchema(epochId: number, number: number, body: Uint8Array): void {
    this.#add({ kind: "schema", epochId, number, body: body.slice() });
  }

  /**
   * Hands in the epoch's next record. Copies its bytes. `onCommit` tells when it is on disk, or that
   * it was refused.
   */
  append(epochId: number, record: HostRecord, meta: RecordMeta): void {
    if (record.kind === "gap") {
      this.#add({ kind: "gap", epochId, gap: record, receivedUs: meta.receivedUs });
      return;
    }
    this.#reserve(record.body.length);
    this.#packet.addBatch(epochId, record.sequence, record.body, meta);
  }

  /**
   * Keeps a sample of the epoch's clock, if it is worth it beside those that are there; not where the
   * store cannot write and much waits already.
   */
  putClock(epochId: number, sample: UtcSample): void {
    if (this.#takesExtra()) this.#add({ kind: "clock", epochId, sample });
  }

  /** Keeps an event; not where the store cannot write and much waits already. */
  putEvent(event: StoreEvent): void {
    if (this.#takesExtra()) this.#add({ kind: "event", event });
  }

  /** Bounds the file from here on, also while the store is in trouble because it is full. */
  setSizeBytesMax(sizeBytesMax: number): void {
    this.#post({ kind: "limit", sizeBytesMax });
  }

  /** Resolves once everything handed in before is on disk. */
  async flush(): Promise<void> {
    await this.#ask((ask) => ({ kind: "flush", ask }));
  }

  /**
   * Stores everything handed in and closes the file. Rejects with a StoreError where that could not
   * be written; the file then holds what was reported stored before.
   */
  async close(): Promise<void> {
    if (!this.#isClosing && this.#end === undefined) {
      this.#postPacket();
      this.#isClosing = true;
      this.#post({ kind: "close" });
    }
    await this.#closed;
    if (this.#end !== undefined && this.#end.code !== "closed") throw this.#end;
  }

  #takesExtra(): boolean {
    if (this.#extrasWaiting === undefined) return true;
    if (this.#extrasWaiting >= EXTRAS_WAITING_MAX) return false;
    this.#extrasWaiting++;
    return true;
  }

  #ask(operation: (ask: number) => Operation): Promise<Answer> {
    return new Promise((resolveAnswer, reject) => {
      const ask = this.#nextAsk++;
      this.#add(operation(ask));
      this.#waiters.set(ask, { resolve: resolveAnswer, reject });
    });
  }

  #add(operation: Operation): void {
    this.#reserve(0);
    this.#packet.addOther(operation);
  }

  /** Makes room for an operation, and sees to it that it is posted when this turn of the event loop ends. */
  #reserve(bodyBytes: number): void {
    if (this.#end !== undefined) throw this.#end;
    if (this.#isClosing) throw new StoreError("closed", `${this.#path} is being closed`);
    if (this.#packet.isFull(bodyBytes)) this.#postPacket();
    this.#waiting++;
    if (this.#isPostDue) return;
    this.#isPostDue = true;
    setImmediate(() => this.#postPacket());
  }

  #postPacket(): void {
    this.#isPostDue = false;
    if (this.#packet.count === 0 || this.#end !== undefined) return;
    const packet = this.#packet.take();
    const message: MessageToWorker = { kind: "packet", packet };
    this.#worker.postMessage(message, [packet.bytes.buffer as ArrayBuffer]);
  }

  #post(message: MessageToWorker): void {
    this.#worker.postMessage(message);
  }

  #handleMessage(message: MessageFromWorker): void {
    switch (message.kind) {
      case "outcome":
        this.#handleOutcome(message.outcome);
        break;
      case "trouble":
        this.#extrasWaiting = message.trouble.isOver ? undefined : 0;
        this.onTrouble(message.trouble);
        break;
      case "closed":
        this.#handleClosed(message.fault);
        break;
    }
  }

  #handleOutcome(outcome: Outcome): void {
    this.#waiting -= outcome.operations;
    for (const answer of outcome.answers) {
      const waiter = this.#waiters.get(answer.ask);
      this.#waiters.delete(answer.ask);
      if (answer.fault === undefined) waiter?.resolve(answer);
      else waiter?.reject(new StoreError(answer.fault.code, answer.fault.message));
    }
    this.onCommit(outcome.commit);
  }

  #handleClosed(fault: Fault | undefined): void {
    const { code, message } = fault ?? {
      code: "closed" as const,
      message: `${this.#path} is closed`,
    };
    this.#endWith(new StoreError(code, message));
  }

  /** The worker died; an orderly end has been told before. */
  #fail(cause: Error): void {
    if (this.#end !== undefined) return;
    const text = `the thread that writes ${this.#path} died (${cause.message}); ${this.#waiting} operations were not stored`;
    const error = new StoreError("failed", text, cause);
    this.#endWith(error);
    if (!this.#isClosing) this.onFailure(error);
  }

  #endWith(error: StoreError): void {
    this.#end = error;
    for (const { reject } of this.#waiters.values()) reject(error);
    this.#waiters.clear();
  }
}

/** Resolves once the worker has the store open. */
function opened(worker: Worker, path: string): Promise<void> {
  return new Promise((resolveOpened, reject) => {
    const fail = (cause: Error) => {
      const text = `the thread that is to write ${path} did not start: ${cause.message}`;
      reject(new StoreError("failed", text, cause));
    };
    const failSilent = () => fail(new Error("it ended without a word"));
    worker.once("error", fail);
    worker.once("exit", failSilent);
    worker.once("message", (message: MessageFromWorker) => {
      worker.off("error", fail);
      worker.off("exit", failSilent);
      if (message.kind !== "refused") resolveOpened();
      else worker.once("exit", () => reject(toError(message.fault)));
    });
  });
}

function toError(fault: Fault): StoreError {
  return new StoreError(fault.code, fault.message);
}

/** Beside the bundled program; for code that runs from its source, where the build puts it. */
function defaultWorkerUrl(): URL {
  const isSource = import.meta.url.endsWith("/host/store/store.ts");
  return new URL(isSource ? "../../dist/store-worker.js" : "store-worker.js", import.meta.url);
}
