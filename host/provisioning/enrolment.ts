// Brings a key to the board at the other end of a cable, with all else that it needs to find its collector.
//
// A board and a file of keys must not disagree for good, whatever ends half-way. So the new key is valid
// beside those from before ere the board hears of it; it is taken back only where the board surely did
// not take it. The keys from before go once the device has come with the new one (host/keys).

import type { CommandStatus } from "../../shared/errors.ts";
import type { Courier, JsonArguments, Outcome } from "../commands/courier.ts";
import { createKey, type DeviceKeys, formatKey } from "../keys/device-keys.ts";
import { changeKeyFile } from "../keys/key-file.ts";

/** A board keeps settings within milliseconds; a slow line takes a few repetitions. */
const WITHIN_MS = 10_000;

/** Statuses under which the command did not run. */
const NEVER_RAN: readonly CommandStatus[] = ["unknown-command", "bad-arguments", "busy", "away"];

export interface EnrolmentPlan {
  /** The name under which the board comes from here on. */
  readonly device: string;
  /** Of the collector, as the board sees it. */
  readonly host: string;
  /** Undefined where the board uses the port that it has. */
  readonly port: number | undefined;
  /** Undefined where the board stays with the network that it has. */
  readonly wifi: { readonly ssid: string; readonly password: string } | undefined;
}

export type EnrolmentOutcome =
  /** `hasRestarted` false: the board has it all, and uses it from its next start on. */
  | { readonly kind: "written"; readonly hasRestarted: boolean }
  /** The board said no: it is as it was, and so are the keys. */
  | { readonly kind: "refused"; readonly text: string }
  /** Nobody knows whether the board took it: the new key stays valid beside those from before. */
  | { readonly kind: "unknown"; readonly text: string };

/**
 * Makes a key, writes it to the file of keys and then, with the rest of the plan, to the board, which
 * begins anew. `ring`: the keys by which the session takes the board, which may come with the new one at
 * once. Where `stop` resolves nothing more is waited for. Rejects with a KeyError, the board then
 * being as it was.
 */
export async function enrol(
  courier: Courier,
  plan: EnrolmentPlan,
  { keyFile, ring }: { readonly keyFile: string; readonly ring: DeviceKeys },
  stop: Promise<unknown>,
): Promise<EnrolmentOutcome> {
  const key = createKey();
  await changeKeyFile(keyFile, (keys) => keys.rotate(plan.device, key));
  ring.rotate(plan.device, key);
  const text = "you stopped it before the board answered";
  const stopped: Promise<Outcome> = stop.then(() => ({ status: "no-answer", value: null, text }));
  const command = (name: string, given: JsonArguments) =>
    courier({ name, arguments: given, withinMs: WITHIN_MS, awayMsMax: 0 });
  const written = await Promise.race([command("set", settingsOf(plan, key)), stopped]);
  if (NEVER_RAN.includes(written.status)) {
    await changeKeyFile(keyFile, (keys) => keys.withdraw(plan.device, key));
    return { kind: "refused", text: written.text };
  }
  if (written.status !== "success") return { kind: "unknown", text: written.text };
  const restarted = await Promise.race([command("restart", {}), stopped]);
  return { kind: "written", hasRestarted: restarted.status === "success" };
}

function settingsOf({ device, host, port, wifi }: EnrolmentPlan, key: Uint8Array): JsonArguments {
  return {
    device,
    host,
    ...(port === undefined ? {} : { tcpPort: port, udpPort: port }),
    ...(wifi === undefined ? {} : { "wifi.ssid": wifi.ssid, "wifi.password": wifi.password }),
    key: formatKey(key),
  };
}
