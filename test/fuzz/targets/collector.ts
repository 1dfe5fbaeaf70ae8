// The collector over a store, under devices that say anything: what is stored is each record once and in
// order, can be read and shown, and the store never gets anything that it cannot take.

import { Collector } from "../../../host/collector/collector.ts";
import type { CollectorEvent } from "../../../host/collector/events.ts";
import { describeEvent } from "../../../host/collector/sentences.ts";
import type { HostLinkIo } from "../../../host/links/host-link-io.ts";
import { loadSqlite, type OpenDatabase } from "../../../host/store/sqlite.ts";
import type { Store } from "../../../host/store/store.ts";
import { jsonText } from "../../../host/terminal/printable.ts";
import type { LinkId } from "../../../shared/session/link.ts";
import { Chance } from "../../sim/chance.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { installVirtualGlobals, useVirtualHost, VirtualHost } from "../../sim/virtual-globals.ts";
import { Choices } from "../choices.ts";
import { fromDevice, TRAITS, usualLife, withToken } from "../messages.ts";
import { StoreInMemory } from "../stored.ts";
import { must, type Target } from "../target.ts";

const LINKS_MAX = 6;
const NOISE = ["checksum", "cobs", "too-short", "too-long"] as const;

export async function createTarget(): Promise<Target> {
  const open = await loadSqlite();
  return {
    inputBytesMax: 600,
    stepsMax: (bytes) => 400_000 + 20_000 * bytes,
    seeds,
    run: (input) => runInVirtualTime(new Choices(input), open),
  };
}

/** A link comes up, a device greets, the store answers, its schema and records come, and are stored. */
function* seeds(): Generator<Uint8Array> {
  for (const [kind, traits] of TRAITS.entries()) {
    const { hello, schema, batch, gap, pong } = usualLife(traits, []);
    const story = [[0, kind], [1, 0, ...hello], [2], [1, 0, ...schema], [1, 0, ...batch]];
    const rest = [[1, 0, ...gap], [2], [4, 100], [1, 0, ...pong], [2], [1, 0, ...batch], [3, 0, 0]];
    yield Uint8Array.from([...story, ...rest].flat());
  }
}

/** Tokens are few, so that a device may happen to know its own. */
class FewTokens extends Chance {
  override integer(min: number, max: number): number {
    return Math.min(super.integer(min, max), min + 1);
  }
}

function runInVirtualTime(choices: Choices, open: OpenDatabase): void {
  const restore = installVirtualGlobals();
  const host = new VirtualHost(new VirtualClock(), new FewTokens(1));
  useVirtualHost(host);
  const store = new StoreInMemory(open);
  try {
    new Room(choices, host.clock, store).run();
  } finally {
    store.close();
    useVirtualHost(undefined);
    restore();
  }
}

class Room {
  readonly #choices: Choices;
  readonly #clock: VirtualClock;
  readonly #store: StoreInMemory;
  readonly #collector: Collector;
  readonly #links = new Map<LinkId, HostLinkIo>();
  readonly #ended = new Set<LinkId>();

  constructor(choices: Choices, clock: VirtualClock, store: StoreInMemory) {
    this.#choices = choices;
    this.#clock = clock;
    this.#store = store;
    this.#collector = new Collector({
      store: store as unknown as Store,
      name: "fuzzed",
      handleEvent: checkTold,
      handleFailure: (error) => {
        throw error;
      },
    });
  }

  run(): void {
    while (!this.#choices.isEmpty) this.#step();
    this.#store.commit(this.#clock.nowMs);
    void this.#collector.stop();
    jsonText(this.#collector.board.views(this.#clock.nowMs));
    this.#store.check();
  }

  #step(): void {
    const choices = this.#choices;
    switch (choices.below(5)) {
      case 0:
        this.#open();
        break;
      case 1:
        this.#hear();
        break;
      case 2:
        this.#store.commit(this.#clock.nowMs);
        break;
      case 3:
        this.#disturb();
        break;
      default:
        this.#pass(this.#clock.nowMs + 20 * choices.byte());
    }
    this.#closeEnded();
  }

  #disturb(): void {
    const choices = this.#choices;
    const id = this.#pickLink();
    switch (choices.below(4)) {
      case 0:
        this.#links.delete(id);
        this.#collector.handleLinkDown(id);
        break;
      case 1:
        this.#collector.handleBlocked(id, choices.below(2) === 1);
        break;
      case 2: {
        const text = choices.bytes(choices.byte());
        this.#collector.handleNoise("here", { kind: "text", bytes: text });
        break;
      }
      default:
        this.#collector.handleNoise("here", {
          kind: "noise",
          reason: choices.pick(NOISE),
          dropped: 3,
        });
    }
  }

  #pass(untilMs: number): void {
    while (this.#clock.step(untilMs));
  }

  #pickLink(): LinkId {
    const ids = [...this.#links.keys()];
    return ids.length === 0 ? 0 : this.#choices.pick(ids);
  }

  #open(): void {
    if (this.#links.size >= LINKS_MAX) return;
    const traits = this.#choices.pick(TRAITS);
    let id: LinkId | undefined;
    const io: HostLinkIo = {
      traits,
      where: "here",
      address: "here",
      send: (message) => must(message.length <= 1_200, "what is sent fits every link"),
      end: () => this.#ended.add(id ?? 0),
    };
    id = this.#collector.handleLinkUp(io);
    if (id !== undefined) this.#links.set(id, io);
  }

  #hear(): void {
    const id = this.#pickLink();
    const link = this.#links.get(id);
    if (link === undefined) return;
    const near = this.#collector.board.views(0)[0]?.stored ?? 0;
    const message = fromDevice(this.#choices, near);
    this.#collector.handleMessage(id, withToken(this.#choices, link.traits, message));
    this.#collector.pump();
  }

  #closeEnded(): void {
    for (const id of this.#ended) {
      this.#links.delete(id);
      this.#collector.handleLinkDown(id);
    }
    this.#ended.clear();
  }
}

/** It can be said to people and programs, without anything that steers a terminal. */
function checkTold(event: CollectorEvent): void {
  must(!/[\p{Cc}\p{Bidi_Control}]/u.test(describeEvent(event)), "what is told steers no terminal");
  must(!/[\p{Cc}\p{Bidi_Control}]/u.test(jsonText(event)), "nor does it as JSON");
}
