// Looks into the code under test where its public face shows too little: what an outbox lets go and
// holds, how many early records a session keeps. The methods do what they always did; the world that
// runs is told. Put in place once for all worlds, so that the engine can make them fast.

import { sessionEpoch } from "../../device/flash/epoch.ts";
import { EpochRecords } from "../../device/flash/epoch-records.ts";
import { FlashLog } from "../../device/flash/flash-log.ts";
import { Outbox } from "../../shared/outbox.ts";
import { HostSession } from "../../shared/session/host-session.ts";
import type { Life } from "./life.ts";

export interface Watcher {
  /** Whose code runs; undefined outside of any device's. */
  readonly running: Life | undefined;
  /** The outbox of the device whose code runs changed. */
  handleOutbox(outbox: Outbox): void;
  /** The device whose code runs lets go of all records of the epoch before `next`; undefined for this life's. */
  handleReleased(epoch: string | undefined, next: number): void;
  /** Its flash has taken the records of the epoch before `next`. */
  handleKept(epoch: string, next: number): void;
  handleSession(session: HostSession): void;
}

let watcher: Watcher | undefined;

export function useWatcher(next: Watcher | undefined): void {
  watcher = next;
}

/** The device whose code runs, in whichever world does. */
export function runningLife(): Life | undefined {
  return watcher?.running;
}

/** Wraps the methods. Returns what puts the ones back that were there. */
export function installSpies(): () => void {
  const { appendBatch, appendGap, acknowledge } = Outbox.prototype;
  const { acknowledge: releaseKept } = EpochRecords.prototype;
  const { append } = FlashLog.prototype;
  const { handleRecord } = HostSession.prototype;
  Outbox.prototype.appendBatch = function (batch, facts) {
    appendBatch.call(this, batch, facts);
    watcher?.handleOutbox(this);
  };
  Outbox.prototype.appendGap = function (reason, facts) {
    appendGap.call(this, reason, facts);
    watcher?.handleOutbox(this);
  };
  Outbox.prototype.acknowledge = function (next) {
    acknowledge.call(this, next);
    const isMove = watcher?.running?.device.flash !== undefined; // on to flash, which is not a release
    if (!isMove) watcher?.handleReleased(undefined, next);
  };
  EpochRecords.prototype.acknowledge = function (next) {
    releaseKept.call(this, next);
    watcher?.handleReleased(sessionEpoch(this.epoch), next);
  };
  FlashLog.prototype.append = function (record) {
    const outcome = append.call(this, record);
    const isKept = outcome === "appended" && watcher?.running?.isAlive === true;
    if (isKept) watcher?.handleKept(sessionEpoch(record.epoch), record.sequence + record.count);
    return outcome;
  };
  HostSession.prototype.handleRecord = function (record) {
    const reception = handleRecord.call(this, record);
    watcher?.handleSession(this);
    return reception;
  };
  return () => {
    Object.assign(Outbox.prototype, { appendBatch, appendGap, acknowledge });
    Object.assign(EpochRecords.prototype, { acknowledge: releaseKept });
    Object.assign(FlashLog.prototype, { append });
    Object.assign(HostSession.prototype, { handleRecord });
  };
}
