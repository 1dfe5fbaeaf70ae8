// The outbox that the settings ask for: in flash where there is the partition, else in memory only.

import { Outbox } from "../../shared/outbox.ts";
import type { Platform } from "../platform/platform.ts";
import type { Settings } from "../settings.ts";
import { FlashOutbox } from "./flash-outbox.ts";

export interface OutboxOptions {
  readonly platform: Platform;
  readonly settings: Settings;
  readonly schemaHash: number;
  readonly createEpoch: () => string;
}

export function openOutbox(options: OutboxOptions): Outbox | FlashOutbox {
  const { platform, settings, schemaHash, createEpoch } = options;
  const memory = new Outbox({
    bytesMax: settings.outboxBytes,
    recordsMax: settings.outboxRecords,
    policy: settings.dropPolicy,
  });
  const partition = settings.flashPartition;
  const flash = partition === "" ? undefined : platform.openFlash(partition);
  if (flash === undefined) {
    if (partition !== "") platform.trace(`flash: no partition "${partition}", memory only`);
    return memory;
  }
  const outbox = new FlashOutbox({ flash, memory, schemaHash, createEpoch });
  for (const { records, readings } of outbox.recovery.epochs) {
    platform.trace(`flash: ${records} records, ${readings} readings of an earlier life wait`);
  }
  return outbox;
}
