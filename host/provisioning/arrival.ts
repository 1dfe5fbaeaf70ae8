// Waits until a device that was just set up has come in at a running collector, by its network.

import { setTimeout as wait } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";
import { type ControlClient, ControlError } from "../commands/control-client.ts";

/** Between two looks. */
const LOOK_MS = 250;

/** For the device to say which life this is. */
const ASK_MS = 3_000;

export type Arrival =
  | { readonly kind: "here"; readonly path: string }
  /** Nobody to ask; the text says so. */
  | { readonly kind: "no-collector"; readonly text: string }
  | { readonly kind: "late" };

/** `sinceMs`: the device began anew then or later; what it did before is not what is waited for. */
export async function waitForArrival(
  client: ControlClient,
  device: string,
  { sinceMs, withinMs }: { readonly sinceMs: number; readonly withinMs: number },
): Promise<Arrival> {
  for (const untilMs = monotonicMs() + withinMs; monotonicMs() < untilMs; await wait(LOOK_MS)) {
    try {
      const path = await pathOf(client, device, sinceMs);
      if (path === "tcp" || path === "udp") return { kind: "here", path };
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return { kind: "no-collector", text: error.message };
    }
  }
  return { kind: "late" };
}

/** The path that the device uses in its present life; undefined where it is away, or has not begun anew. */
async function pathOf(client: ControlClient, device: string, sinceMs: number): Promise<unknown> {
  const known = (await client.devices()).find(({ name }) => name === device);
  if (known === undefined || known.links.length === 0) return undefined;
  const errand = { name: "identify", arguments: {}, withinMs: ASK_MS, awayMsMax: 0 };
  const { value } = await client.courierTo(device)(errand);
  const { path, uptimeMs } = (value ?? {}) as { path?: unknown; uptimeMs?: unknown };
  const isThisLife = typeof uptimeMs === "number" && uptimeMs <= monotonicMs() - sinceMs;
  return isThisLife ? path : undefined;
}
