// Events that operators want to know of, the newest EVENTS_MAX of them.

import type { StoreEvent } from "./operation.ts";
import { EVENTS_MAX } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";

export class EventTable {
  readonly #add: Statement;
  readonly #trim: Statement;
  #added = 0;

  constructor(database: Database) {
    this.#add = database.prepare(
      "INSERT INTO event (at_us, device, kind, text) VALUES (?, ?, ?, ?)",
    );
    this.#trim = database.prepare("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?");
  }

  add(event: StoreEvent): void {
    this.#add.run(event.atUs, event.device ?? null, event.kind, event.text);
    this.#added++;
  }

  /** Drops what is beyond the bound. To be called once a transaction. */
  trim(): void {
    if (this.#added > 0) this.#trim.run(EVENTS_MAX);
    this.#added = 0;
  }
}
