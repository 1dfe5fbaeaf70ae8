// The store's own thread. While one transaction is being written, operations queue up; the next turn
// takes all that wait, up to a bound that keeps latency low, into one transaction: one fsync for many
// batches. Nothing is told to the client before the transaction that holds it is on disk.
//
// Where a transaction fails (disk full, I/O error), it is kept and tried again until it succeeds; the
// client hears of the trouble and of its end, and acknowledges nothing meanwhile.

import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import { type OpenStore, openForWriting } from "./open.ts";
import type { Fault, MessageFromWorker, MessageToWorker, WorkerOptions } from "./operation.ts";
import { PacketQueue } from "./packet-queue.ts";
import { StoreError } from "./store-error.ts";
import { isPassing, troubleText } from "./trouble.ts";

/** How long to wait after a failed transaction: doubling, so that a full disk is not hammered. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

/** Merging takes at most one part in so many of the time while operations come; while none do, all of it. */
const MERGE_SHARE = 5;

class StoreWorker {
  readonly #store: OpenStore;
  readonly #port: MessagePort;
  readonly #path: string;
  readonly #queue = new PacketQueue();
  #isClosing = false;
  /** When the trouble began; undefined while there is none. */
  #failedAtMs: number | undefined;
  #retryMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #mergeTimer: NodeJS.Timeout | undefined;
  /** Something was stored since the last step of merging. */
  #isBusy = false;

  constructor(store: OpenStore, port: MessagePort, path: string) {
    this.#store = store;
    this.#port = port;
    this.#path = path;
    port.on("message", (message: MessageToWorker) => this.#handleMessage(message));
    this.#mergeIn(0);
  }

  #handleMessage(message: MessageToWorker): void {
    this.#take(message);
    this.#drainPort();
    const waitsForRetry = this.#failedAtMs !== undefined && message.kind === "packet";
    if (!waitsForRetry || this.#isClosing) this.#turn();
  }

  /** Takes what else waits in the port, up to one transaction; the rest stays there for later turns. */
  #drainPort(): void {
    while (!this.#queue.fillsCommit) {
      const received = receiveMessageOnPort(this.#port) as { message: MessageToWorker } | undefined;
      if (received === undefined) return;
      this.#take(received.message);
    }
  }

  #take(message: MessageToWorker): void {
    if (message.kind === "packet") this.#queue.push(message.packet);
    else if (message.kind === "limit") this.#store.limitSize(message.sizeBytesMax);
    else this.#isClosing = true;
  }

  #turn(): void {
    clearTimeout(this.#timer);
    try {
      this.#commit();
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#handleTrouble(error);
      return;
    }
    if (this.#failedAtMs !== undefined) this.#tellRecovery(this.#failedAtMs);
    const { commitDueAtMs } = this.#store.writer;
    if (this.#queue.operations > 0) this.#turnIn(0);
    else if (this.#isClosing) this.#close();
    else if (commitDueAtMs !== undefined) this.#turnIn(commitDueAtMs - performance.now());
  }

  #commit(): void {
    const packets = this.#queue.peekCommit();
    const outcome = this.#store.writer.commit(packets, {
      nowMs: performance.now(),
      savesLatest: this.#isClosing,
    });
    this.#queue.drop(packets.length);
    if (outcome.operations === 0) return;
    this.#tell({ kind: "outcome", outcome });
    this.#store.merger.note(outcome.commit.stored, performance.now());
    this.#isBusy = true;
    if (this.#mergeTimer === undefined) this.#mergeIn(0);
  }

  /** Has a step of merging taken once it is due, and not before `delayMs`. */
  #mergeIn(delayMs: number): void {
    const { dueAtMs } = this.#store.merger;
    this.#mergeTimer = undefined;
    if (dueAtMs === undefined || this.#isClosing) return;
    const waitMs = Math.max(delayMs, Math.ceil(dueAtMs - performance.now()));
    this.#mergeTimer = setTimeout(() => this.#merge(), waitMs);
  }

  #merge(): void {
    if (this.#queue.operations > 0 || this.#failedAtMs !== undefined) {
      this.#mergeIn(RETRY_MS_MIN);
      return;
    }
    const startMs = performance.now();
    try {
      this.#store.merger.step(startMs);
    } catch (error) {
      if (!isPassing(error)) throw error; // else what comes in next meets the same, and tells of it
    }
    const tookMs = performance.now() - startMs;
    this.#mergeIn(this.#isBusy ? tookMs * (MERGE_SHARE - 1) : 0);
    this.#isBusy = false;
  }

  #handleTrouble(error: unknown): void {
    const text = troubleText(this.#path, error);
    if (this.#isClosing) {
      const message = `${text}; ${this.#queue.operations} operations were not stored`;
      this.#close({ code: "not-written", message });
      return;
    }
    if (this.#failedAtMs === undefined) {
      this.#failedAtMs = performance.now();
      this.#tell({ kind: "trouble", trouble: { isOver: false, text } });
    }
    this.#retryMs = Math.min(Math.max(this.#retryMs * 2, RETRY_MS_MIN), RETRY_MS_MAX);
    this.#turnIn(this.#retryMs);
  }

  #tellRecovery(failedAtMs: number): void {
    const seconds = ((performance.now() - failedAtMs) / 1_000).toFixed(1);
    this.#failedAtMs = undefined;
    this.#retryMs = 0;
    const text = `${this.#path} is written again, after ${seconds} s; nothing was lost`;
    this.#tell({ kind: "trouble", trouble: { isOver: true, text } });
  }

  #turnIn(delayMs: number): void {
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, Math.ceil(delayMs)));
  }

  #close(fault?: Fault): void {
    clearTimeout(this.#mergeTimer);
    this.#store.close();
    this.#tell(fault === undefined ? { kind: "closed" } : { kind: "closed", fault });
    this.#port.close();
  }

  #tell(message: MessageFromWorker): void {
    this.#port.postMessage(message);
  }
}

async function start(port: MessagePort, { path, ...options }: WorkerOptions): Promise<void> {
  const tell = (message: MessageFromWorker) => port.postMessage(message);
  try {
    const store = await openForWriting(path, options);
    new StoreWorker(store, port, path);
    tell({ kind: "opened" });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { code, message } = error;
    tell({ kind: "refused", fault: { code, message } });
    port.close();
  }
}

if (parentPort !== null) await start(parentPort, workerData as WorkerOptions);
