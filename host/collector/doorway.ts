// Links on which nobody has proven anything yet: how many an address may have. Whoever holds a key proves
// it with the first message, so a fleet behind one address passes; whoever holds none is bounded here.

import type { LinkId } from "../../shared/session/link.ts";

const UNPROVEN_PER_ADDRESS_MAX = 1_024;

export class Doorway {
  readonly #addressOf = new Map<LinkId, string>();
  readonly #counts = new Map<string, number>();

  /** Whether another link of the address may stand here. */
  hasRoom(address: string): boolean {
    return (this.#counts.get(address) ?? 0) < UNPROVEN_PER_ADDRESS_MAX;
  }

  enter(id: LinkId, address: string): void {
    this.#addressOf.set(id, address);
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  /** The link has proven itself, or is gone. False where it stood here no more. */
  leave(id: LinkId): boolean {
    const address = this.#addressOf.get(id);
    if (address === undefined) return false;
    this.#addressOf.delete(id);
    const count = this.#counts.get(address)! - 1;
    if (count > 0) this.#counts.set(address, count);
    else this.#counts.delete(address);
    return true;
  }
}
