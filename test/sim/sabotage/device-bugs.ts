// Bugs that are planted in the device: in the methods of its classes, and in what it is given.

import { EntryReader } from "../../../device/flash/entry-reader.ts";
import { FlashLog } from "../../../device/flash/flash-log.ts";
import { FlashOutbox } from "../../../device/flash/flash-outbox.ts";
import { UptimeClock } from "../../../device/platform/uptime.ts";
import { CommandDesk } from "../../../shared/command/desk.ts";
import { CommandMemory } from "../../../shared/command/memory.ts";
import { decodeMessage } from "../../../shared/message/decode.ts";
import { Outbox } from "../../../shared/outbox.ts";
import { DeviceSession } from "../../../shared/session/device.ts";
import { Flight } from "../../../shared/session/flight.ts";
import type { LinkId } from "../../../shared/session/link.ts";
import type { Bug } from "../simulator.ts";
import { runningLife } from "../spies.ts";

const TOKEN_BYTES = 4;

/** Longer than any command is remembered. */
const LONG_MS = 1_000_000;

/** A memory that is larger than the board's. */
const OUTBOX_TIMES = 3;

export const DEVICE_BUGS: readonly Bug[] = [
  {
    name: "epoch reused after reset",
    parts: { epochBytesOf: (device) => new Uint8Array(8).fill(device.plan.name.length) },
  },
  { name: "window ignored", plant: plantBoundlessWindow },
  {
    name: "backlog bound ignored",
    parts: {
      settingsOf: (settings) => ({
        ...settings,
        outboxBytes: OUTBOX_TIMES * settings.outboxBytes,
        outboxRecords: OUTBOX_TIMES * settings.outboxRecords,
      }),
    },
  },
  { name: "stale acknowledgement accepted", plant: plantTokenless },
  { name: "tick wrap mishandled", plant: plantWraplessClock },
  { name: "nothing sent again", plant: plantNoRetransmission },
  { name: "dropped readings not counted", plant: plantShortGaps },
  { name: "torn flash believed", plant: plantBlindFlash },
  { name: "flash lets go of a record too many", plant: plantHastyFlash },
  { name: "commands forgotten", plant: plantForgetfulMemory },
  { name: "command repeated to the next life", plant: plantTimelessCommands },
  { name: "earlier life passed off as this one", plant: plantPresentPast },
];

/** Whoever looks where sending has come to, in order to hold it against the window's end, sees the start. */
function plantBoundlessWindow(): () => void {
  const sentEnd = Object.getOwnPropertyDescriptor(Outbox.prototype, "sentEnd")!;
  const storableEnd = Object.getOwnPropertyDescriptor(Outbox.prototype, "storableEnd")!;
  Object.defineProperty(Outbox.prototype, "storableEnd", sentEnd);
  Object.defineProperty(Outbox.prototype, "sentEnd", { ...sentEnd, get: () => 0 });
  return () => Object.defineProperties(Outbox.prototype, { sentEnd, storableEnd });
}

/** Datagrams pass whatever their token: they get the one that the welcome told. */
function plantTokenless(): () => void {
  const { handleMessage } = DeviceSession.prototype;
  const tokens = new WeakMap<DeviceSession, Map<LinkId, number>>();
  DeviceSession.prototype.handleMessage = function (id, bytes, nowMs) {
    const known = tokens.get(this) ?? new Map<LinkId, number>();
    tokens.set(this, known);
    const decoded = decodeMessage(bytes.subarray(TOKEN_BYTES));
    if (decoded.ok && decoded.value.kind === "welcome") known.set(id, decoded.value.token);
    const token = known.get(id);
    const isDatagram = decoded.ok && token !== undefined && token !== 0;
    if (!isDatagram) {
      handleMessage.call(this, id, bytes, nowMs);
      return;
    }
    const passed = new Uint8Array(bytes);
    new DataView(passed.buffer).setUint32(0, token);
    handleMessage.call(this, id, passed, nowMs);
  };
  return () => Object.assign(DeviceSession.prototype, { handleMessage });
}

/** The counter is compared as it is: at its wrap time stands still, or jumps. */
function plantWraplessClock(): () => void {
  const { nowMs } = UptimeClock.prototype;
  const clocks = new WeakMap<UptimeClock, { last: number; now: number }>();
  UptimeClock.prototype.nowMs = function () {
    const ticks = runningLife()?.ticks ?? 0;
    const clock = clocks.get(this) ?? { last: ticks, now: 0 };
    clocks.set(this, clock);
    if (ticks > clock.last) clock.now += ticks - clock.last;
    clock.last = ticks;
    return clock.now;
  };
  return () => Object.assign(UptimeClock.prototype, { nowMs });
}

/** What is lost on its way stays lost. */
function plantNoRetransmission(): () => void {
  const { markTimedOut, markOvertaken } = Flight.prototype;
  Flight.prototype.markTimedOut = () => false;
  Flight.prototype.markOvertaken = () => {};
  return () => Object.assign(Flight.prototype, { markTimedOut, markOvertaken });
}

/** A sample that fits no batch is dropped as if it had one reading less. */
function plantShortGaps(): () => void {
  const { appendGap } = Outbox.prototype;
  Outbox.prototype.appendGap = function (reason, facts) {
    appendGap.call(this, reason, { ...facts, readings: facts.readings - 1 });
  };
  return () => Object.assign(Outbox.prototype, { appendGap });
}

/** What stands in flash is a batch, whatever its checksum says. */
function plantBlindFlash(): () => void {
  const { readBody } = EntryReader.prototype;
  EntryReader.prototype.readBody = function (place, into) {
    readBody.call(this, place, into);
    return true;
  };
  return () => Object.assign(EntryReader.prototype, { readBody });
}

function plantHastyFlash(): () => void {
  const { acknowledge } = FlashLog.prototype;
  FlashLog.prototype.acknowledge = function (epoch, next) {
    acknowledge.call(this, epoch, next + 1);
  };
  return () => Object.assign(FlashLog.prototype, { acknowledge });
}

/** Each command counts as one that never came before. */
function plantForgetfulMemory(): () => void {
  const { handleCommand } = CommandMemory.prototype;
  let author = 0;
  CommandMemory.prototype.handleCommand = function (link, message, nowMs) {
    author = (author + 1) >>> 0;
    handleCommand.call(this, link, { ...message, author, withinMs: 0 }, nowMs + author * LONG_MS);
  };
  return () => Object.assign(CommandMemory.prototype, { handleCommand });
}

/** Neither side looks at the life for which a command is. */
function plantTimelessCommands(): () => void {
  const { handleCommand } = CommandMemory.prototype;
  const { handleHere } = CommandDesk.prototype;
  CommandMemory.prototype.handleCommand = function (link, message, nowMs) {
    handleCommand.call(this, link, { ...message, life: this.life }, nowMs);
  };
  CommandDesk.prototype.handleHere = function (device, _life, nowMs) {
    handleHere.call(this, device, 0, nowMs);
  };
  return () => {
    Object.assign(CommandMemory.prototype, { handleCommand });
    Object.assign(CommandDesk.prototype, { handleHere });
  };
}

/** The hello of an epoch from before the boot says that its clock still runs. */
function plantPresentPast(): () => void {
  const turn = Object.getOwnPropertyDescriptor(FlashOutbox.prototype, "turn")!;
  const get = function (this: FlashOutbox) {
    return { ...turn.get!.call(this), isPast: false };
  };
  Object.defineProperty(FlashOutbox.prototype, "turn", { ...turn, get });
  return () => Object.defineProperty(FlashOutbox.prototype, "turn", turn);
}
