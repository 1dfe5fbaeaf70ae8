// What happens in a collector, in words for people.

import type { HostSealEvent } from "../../shared/seal/host-seal.ts";
import { printable } from "../terminal/printable.ts";
import type { CollectorCounters, CollectorEvent } from "./events.ts";

/** One line without a newline. */
export function describeEvent(event: CollectorEvent): string {
  switch (event.event) {
    case "connected":
      return `+ ${printable(event.device)} is here over ${event.where}`;
    case "disconnected":
      return `- ${printable(event.device)} left ${event.where}: ${printable(event.why)}`;
    case "restarted":
      return `! ${printable(event.device)} restarted (${printable(event.reset)}): ${count(event.lostRecords, "record")} of its former life had not come`;
    case "refused":
      return `! ${event.where} turned away: ${printable(event.why)}`;
    case "console":
      return `  ${event.where} says: ${printable(event.text.trimEnd())}`;
    case "gap":
      return `! ${printable(event.device)} had to drop ${count(event.readings, "reading")} (${event.reason})`;
    case "kept-aside":
      return `! ${printable(event.device)} sent what cannot be read (${printable(event.why)}): it is kept aside, and so is what follows of its kind`;
    case "command":
      return `> ${printable(event.device)}: ${printable(event.text)}`;
    case "result":
      return `< ${printable(event.device)}: ${event.command}: ${resultText(event)}`;
    case "keys":
      return `${event.isOk ? "+" : "!"} keys: ${event.text}`;
    case "plain":
      return `! ${printable(event.where)}: ${printable(event.text)}`;
    case "file":
      return describeFile(event);
    case "trouble":
      return `${event.isOver ? "+" : "!"} store: ${event.text}`;
  }
}

function describeFile(event: Extract<CollectorEvent, { event: "file" }>): string {
  const { device, isIncoming, name, sizeBytes, status, text } = event;
  const file = `${printable(name)} ${isIncoming ? "from" : "for"} ${printable(device)}`;
  if (status !== "done") return `! file ${file}: ${status}: ${printable(text)}`;
  return `+ file ${file}: ${count(sizeBytes ?? 0, "byte")}, kept as ${printable(text)}`;
}

function resultText({ status, text }: { status: string; text: string }): string {
  return text === "" ? status : `${status}, ${printable(text)}`;
}

/** Why a device with a key was turned away: for this side only, the device is not told which. */
export function deniedText(
  { device, why }: Extract<HostSealEvent, { kind: "denied" }>,
  hasKeys: boolean,
): string {
  if (!hasKeys) {
    return `device ${device} has a key, and this collector none: start it with --keys FILE`;
  }
  return why === "wrong-key"
    ? `wrong key for device ${device}`
    : `unknown device ${device}: \`senda key add\` makes it known`;
}

export function describeCounters(counters: Omit<CollectorCounters, "seal">): string {
  const { readings, batches, gaps, gapReadings, noise, refusals } = counters;
  const parts = [`Stored ${count(readings, "reading")} in ${count(batches, "batch", "batches")}`];
  if (gaps > 0) parts.push(`${count(gaps, "gap")} of ${count(gapReadings, "reading")}`);
  if (noise > 0) parts.push(`${count(noise, "piece")} of noise skipped`);
  if (refusals > 0) parts.push(`${count(refusals, "peer")} turned away`);
  return `${parts.join(", ")}.`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
