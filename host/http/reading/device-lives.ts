// What the store knows of each device's present life beyond a reader's summary: why it started, and by
// which link its newest record came.

import { batchId, LINK_KINDS } from "../../store/schema.ts";
import type { Database, Statement } from "../../store/sqlite.ts";

export interface DeviceLife {
  readonly reset: string | null;
  readonly lastLink: string | null;
}

export class DeviceLives {
  readonly #epoch: Statement;
  readonly #link: Statement;

  constructor(database: Database) {
    this.#epoch = database.prepare(`
      SELECT epoch.id AS id, reset FROM epoch JOIN device ON device.id = epoch.device
      WHERE device.name = ? ORDER BY epoch.id DESC LIMIT 1`);
    this.#link = database.prepare(
      "SELECT link FROM batch WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1",
    );
  }

  of(device: string): DeviceLife {
    const epoch = this.#epoch.get(device) as { id: number; reset: string } | undefined;
    if (epoch === undefined) return { reset: null, lastLink: null };
    const ids = [batchId(epoch.id, 0), batchId(epoch.id + 1, 0)] as const;
    const row = this.#link.get(...ids) as { link: number } | undefined;
    return { reset: epoch.reset, lastLink: row === undefined ? null : LINK_KINDS[row.link]! };
  }
}
