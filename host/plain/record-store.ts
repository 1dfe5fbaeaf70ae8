// What plain devices ask of the store, and how they present themselves to it.

import { randomBytes } from "node:crypto";
import { PROTOCOL_VERSION } from "../../shared/limits.ts";
import type { Hello } from "../../shared/message/message.ts";
import { AT_MOST_ONCE } from "../store/delivery.ts";
import type { Store } from "../store/store.ts";
import type { PlainDevice } from "./plain-device.ts";

export interface RecordStore extends Pick<Store, "resume" | "putSchema" | "append" | "putClock"> {
  /** Nothing is taken any more. */
  readonly isClosed: boolean;
  /** The device's epoch has its number. */
  handleBegun(epochId: number, device: PlainDevice): void;
}

/** The hello of a plain device: each run is an epoch of its own, for nobody remembers the last one. */
export function helloOf(device: string, description: string): Hello {
  return {
    kind: "hello",
    version: PROTOCOL_VERSION,
    nonce: 0,
    device,
    epoch: randomBytes(8).toString("hex"),
    firmware: `plain (${AT_MOST_ONCE}): ${description}`,
    reset: AT_MOST_ONCE,
    uptimeMs: 0,
    life: 0,
    first: 0,
    next: 0,
    schemas: [],
    receiveBytesMax: 0,
  };
}
