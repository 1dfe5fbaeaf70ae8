// No bug, and every form of statement that the counters must not break.

import { must, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 50,
    stepsMax: (bytes) => 2_000 + 100 * bytes,
    seeds: () => [Uint8Array.of(1, 2, 3)],
    run: (input) => {
      const counted = new Counted();
      for (const byte of input) counted.take(byte);
      must(counted.taken === input.length, "each byte is taken once");
      must(
        formsOf(input.length) === `${input.length}${input.length % 2 === 0 ? "even" : "odd"}`,
        "",
      );
    },
  };
}

class Base {
  taken = 0;
}

class Counted extends Base {
  readonly #kinds = new Map<string, number>();

  take(byte: number): void {
    const kind = kindOf(byte);
    const known = this.#kinds.get(kind) ?? 0;
    this.#kinds.set(kind, known + 1);
    if (byte > 0x7f) this.taken++;
    else if (byte === 0) this.taken += 1;
    else for (let once = 0; once < 1; once++) if (once === 0) this.taken++;
  }
}

function kindOf(byte: number): string {
  switch (byte & 3) {
    case 0:
    case 1:
      return "low";
    case 2: {
      const text = byte === 2 ? "two" : "more";
      return text;
    }
    default:
      return "high";
  }
}

const formsOf = (count: number) =>
  [() => ({ count }), () => ({ count: count % 2 === 0 && count >= 0 ? "even" : "odd" })]
    .map((make) => make().count)
    .join("");
