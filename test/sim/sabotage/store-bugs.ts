// Bugs that are planted in the store: each is the model store with one rule broken.

import type { Hello } from "../../../shared/message/message.ts";
import type { Resumed } from "../../../shared/session/host-event.ts";
import { endOf, type HostRecord, HostSession } from "../../../shared/session/host-session.ts";
import type { DurableEpoch } from "../disk.ts";
import { type Draft, ModelStore, type StoreOperation } from "../model-store.ts";
import type { Bug } from "../simulator.ts";

/** What was not written is told as if it had been. */
class HopefulStore extends ModelStore {
  protected override handleFailed(operations: readonly StoreOperation[]): "forget" {
    const stored = operations
      .filter((operation) => operation.kind === "record")
      .map(({ epochId, record }) => ({ epochId, next: endOf(record), readings: 0 }));
    this.onCommit({
      stored,
      refused: [],
      latest: [],
      batches: 0,
      readings: 0,
      gaps: 0,
      duplicates: 0,
    });
    return "forget";
  }
}

/** After a restart it says that it has one record more than it has. */
class ForwardStore extends ModelStore {
  protected override applyResume(hello: Hello): Resumed {
    const resumed = super.applyResume(hello);
    return resumed.next > 0 && resumed.next < hello.next
      ? { ...resumed, next: resumed.next + 1 }
      : resumed;
  }
}

/** Keeps whatever comes, also what it has. */
class GreedyStore extends ModelStore {
  protected override applyRecord(epoch: DurableEpoch, record: HostRecord, draft: Draft): void {
    if (record.sequence < epoch.next && record.kind === "batch") {
      const { next, lastMs } = epoch;
      epoch.lastMs = -1;
      this.options.disk.keep(epoch, record);
      Object.assign(epoch, { next, lastMs });
      return;
    }
    super.applyRecord(epoch, record, draft);
  }
}

/** Moves on over a gap without keeping it. */
class GaplessStore extends ModelStore {
  protected override applyRecord(epoch: DurableEpoch, record: HostRecord, draft: Draft): void {
    if (record.kind !== "gap" || record.sequence !== epoch.next) {
      super.applyRecord(epoch, record, draft);
      return;
    }
    epoch.next = endOf(record);
    draft.touched.add(epoch);
  }
}

/** Counts what a gap tells of twice. */
class DoubleGapStore extends ModelStore {
  protected override applyRecord(epoch: DurableEpoch, record: HostRecord, draft: Draft): void {
    const doubled = record.kind === "gap" ? { ...record, readings: 2 * record.readings } : record;
    super.applyRecord(epoch, doubled, draft);
  }
}

export const STORE_BUGS: readonly Bug[] = [
  {
    name: "failed commit acknowledged",
    parts: { createStore: (options) => new HopefulStore(options) },
  },
  { name: "off-by-one cursor", parts: { createStore: (options) => new ForwardStore(options) } },
  {
    name: "no de-duplication",
    parts: { createStore: (options) => new GreedyStore(options) },
    plant: plantForgetfulSession,
  },
  {
    name: "gap sent but not stored",
    parts: { createStore: (options) => new GaplessStore(options) },
  },
  {
    name: "gap counted twice",
    parts: { createStore: (options) => new DoubleGapStore(options) },
  },
];

/** A record that came before counts as the next one. */
function plantForgetfulSession(): () => void {
  const { handleRecord } = HostSession.prototype;
  HostSession.prototype.handleRecord = function (record) {
    const reception = handleRecord.call(this, record);
    return reception === "duplicate" && record.sequence < this.received ? "in-order" : reception;
  };
  return () => Object.assign(HostSession.prototype, { handleRecord });
}
