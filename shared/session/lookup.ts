// What the store is being asked about a device's epoch, and which links wait for the answer. A store
// that cannot write answers nothing, for as long as its disk is full, while devices repeat their hellos
// each second and open link after link: a question each would grow without bound. So an epoch has one
// question at a time, and hellos that come meanwhile join it.

import type { Hello } from "../message/message.ts";
import type { HostLink } from "./host-link.ts";

/**
 * Epochs that the store may be asked about at a time: more than eight seconds of hellos, so it is in
 * trouble. Further devices are told to come back, about when a store in trouble tries again
 * (host/store/worker.ts).
 */
const LOOKUPS_MAX = 4_096;
export const LOOKUPS_RETRY_MS = 5_000;

/** All that the store is being asked. */
export class Lookups {
  readonly #byKey = new Map<string, Lookup>();

  /** The link waits for what is known of its hello's epoch: the store is to be asked, or has been, or is asked too much. */
  join(link: HostLink, hello: Hello): "asked" | "joined" | "full" {
    const key = keyOf(hello);
    const known = this.#byKey.get(key);
    if (known === undefined && this.#byKey.size >= LOOKUPS_MAX) return "full";
    const lookup = known ?? new Lookup(hello);
    this.#byKey.set(key, lookup);
    lookup.join(link, hello);
    return known === undefined ? "asked" : "joined";
  }

  /** What the store was asked with this very hello, and is not asked any more; undefined where it was not. */
  take(hello: Hello): Lookup | undefined {
    const key = keyOf(hello);
    const lookup = this.#byKey.get(key);
    if (lookup?.hello !== hello) return undefined;
    this.#byKey.delete(key);
    return lookup;
  }
}

export class Lookup {
  /** The hello that the store was asked with. */
  readonly hello: Hello;
  /** The last hello of each link that waits; a link waits for one answer only. */
  readonly #waiting = new Map<HostLink, Hello>();

  constructor(hello: Hello) {
    this.hello = hello;
  }

  /** The link waits for this answer, and for no other any more. */
  join(link: HostLink, hello: Hello): void {
    link.lookup?.leave(link);
    link.lookup = this;
    this.#waiting.set(link, hello);
  }

  leave(link: HostLink): void {
    this.#waiting.delete(link);
    link.lookup = undefined;
  }

  /** The links that waited, with what each said last. None of them waits any more. */
  take(): [HostLink, Hello][] {
    const waiting = [...this.#waiting];
    for (const [link] of waiting) this.leave(link);
    return waiting;
  }

  /**
   * Whether an answer, by which all before `next` is stored, answers `hello` too. It does not where the
   * device has meanwhile forgotten records that another store acknowledged, or has other channels.
   */
  answers(hello: Hello, next: number): boolean {
    return hello === this.hello || (hello.first <= next && hasSameSchemas(hello, this.hello));
  }
}

function hasSameSchemas({ schemas: some }: Hello, { schemas: others }: Hello): boolean {
  if (some.length !== others.length) return false;
  return some.every(({ number, hash }, index) => {
    const other = others[index]!;
    return other.number === number && other.hash === hash;
  });
}

/** An epoch's name: two devices may have picked the same eight bytes. */
export function keyOf({ device, epoch }: Pick<Hello, "device" | "epoch">): string {
  return `${epoch} ${device}`;
}
