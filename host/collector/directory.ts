// The devices that a collector knows: those that are here, and those of its store that are away.

import type { StoreReader } from "../store/reader.ts";
import { formatTime } from "../store/rows.ts";
import type { DeviceBoard } from "./device-board.ts";

export interface KnownDevice {
  readonly device: string;
  readonly isHere: boolean;
  /** Kinds of the links that are open, e.g. ["tcp"]. */
  readonly links: readonly string[];
  /** ISO 8601, UTC; null where the store has nothing of it yet. */
  readonly lastSeen: string | null;
}

/** By name. */
export function knownDevices(
  board: DeviceBoard,
  reader: StoreReader,
  nowMs: number,
): KnownDevice[] {
  const devices = new Map<string, KnownDevice>();
  for (const { name, lastSeenUs } of reader.devices()) {
    const lastSeen = formatTime(lastSeenUs);
    devices.set(name, { device: name, isHere: false, links: [], lastSeen });
  }
  for (const { device, links } of board.views(nowMs)) {
    const lastSeen = devices.get(device)?.lastSeen ?? null;
    devices.set(device, { device, isHere: links.length > 0, links, lastSeen });
  }
  return [...devices.values()].sort((a, b) => a.device.localeCompare(b.device, "en"));
}
