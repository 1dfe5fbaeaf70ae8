// Files between two sides, over links good and bad, on a virtual clock.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import { BlobFault } from "../../shared/blob/shelf.ts";
import { SERIAL, TCP, UDP } from "../shared/session-pair.ts";
import { BlobPair, type Side } from "./blob-pair.ts";

const LINKS = [
  ["tcp", TCP],
  ["udp", UDP],
  ["serial", SERIAL],
] as const;

function bytesOf(sizeBytes: number, seed = 1): Uint8Array {
  const random = mulberry32(seed);
  return Uint8Array.from({ length: sizeBytes }, () => random() * 256);
}

function send(side: Side, name: string, bytes: Uint8Array, id = 7): void {
  expect(side.exchange.send(id, "file", name, side.shelf.sourceOf(bytes))).toBe(true);
}

function ends(side: Side): string[] {
  return side.events.map(({ name, status }) => `${name} ${status}`);
}

/** Both sides know the end of everything, and hold nothing open. */
function isOver(pair: BlobPair): boolean {
  return pair.sides.every(
    ({ exchange, shelf }) => exchange.views().length === 0 && shelf.open === 0,
  );
}

describe.each(LINKS)("over %s", (_name, traits) => {
  test.each([0, 1, 96, 1_024, 1_025, 20_000])("%d bytes arrive, either way", (size) => {
    const pair = new BlobPair();
    pair.open(1, traits);
    send(pair.device, "up.bin", bytesOf(size, 2), 1);
    send(pair.host, "down.bin", bytesOf(size, 3), 2);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(pair.host.shelf.files.get("up.bin")).toEqual(bytesOf(size, 2));
    expect(pair.device.shelf.files.get("down.bin")).toEqual(bytesOf(size, 3));
    expect(pair.device.events).toMatchObject([
      { name: expect.any(String), status: "done" },
      { status: "done" },
    ]);
    expect(pair.chunkBytes).toBe(2 * size); // nothing went twice
  });

  test("a file that is asked for comes; one that is not there is known not to come", () => {
    const pair = new BlobPair();
    pair.device.shelf.files.set("log.txt", bytesOf(3_000));
    pair.host.exchange.ask(1, "file", "log.txt");
    pair.host.exchange.ask(2, "file", "no.txt");
    pair.open(1, traits);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(pair.host.shelf.files.get("log.txt")).toEqual(bytesOf(3_000));
    expect(ends(pair.host).sort()).toEqual(["log.txt done", "no.txt not-found"]);
  });

  test("after a cut it goes on from where it was, on any other link", () => {
    const pair = new BlobPair();
    pair.open(1, traits);
    send(pair.host, "image.bin", bytesOf(50_000));
    const half = () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 25_000;
    expect(pair.run(600_000, half)).toBe(true);
    pair.close(1);
    pair.run(60_000);
    pair.open(2, traits === SERIAL ? TCP : SERIAL);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(pair.device.shelf.files.get("image.bin")).toEqual(bytesOf(50_000));
    expect(pair.chunkBytes).toBeLessThan(50_000 + 8_192);
  });

  test("after the receiver's restart it goes on from where it was", () => {
    const pair = new BlobPair();
    pair.open(1, traits);
    send(pair.host, "image.bin", bytesOf(50_000));
    pair.run(600_000, () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 25_000);
    pair.restart(pair.device);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(pair.device.shelf.files.get("image.bin")).toEqual(bytesOf(50_000));
    expect(pair.chunkBytes).toBeLessThan(50_000 + 8_192);
  });

  test("after the sender's restart the same content goes on from where it was", () => {
    const pair = new BlobPair();
    pair.open(1, traits);
    send(pair.host, "image.bin", bytesOf(50_000));
    pair.run(600_000, () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 25_000);
    pair.restart(pair.host);
    send(pair.host, "image.bin", bytesOf(50_000), 8);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(pair.device.shelf.files.get("image.bin")).toEqual(bytesOf(50_000));
    expect(pair.chunkBytes).toBeLessThan(50_000 + 8_192);
  });

  test("a file that was asked for comes though its sender restarts", () => {
    const pair = new BlobPair();
    pair.device.shelf.files.set("log.txt", bytesOf(30_000));
    pair.host.exchange.ask(1, "file", "log.txt");
    pair.open(1, traits);
    pair.run(600_000, () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 9_000);
    pair.restart(pair.device);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(pair.host.shelf.files.get("log.txt")).toEqual(bytesOf(30_000));
  });

  test("another content under the same name does not go on with the half of the former", () => {
    const pair = new BlobPair();
    pair.open(1, traits);
    send(pair.host, "image.bin", bytesOf(20_000, 1));
    pair.run(600_000, () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 9_000);
    pair.restart(pair.host);
    send(pair.host, "image.bin", bytesOf(20_000, 2), 8);
    expect(pair.run(600_000, () => pair.device.shelf.files.size > 0)).toBe(true);
    expect(pair.device.shelf.files.get("image.bin")).toEqual(bytesOf(20_000, 2));
  });

  test("a cancelled file ends on both sides and leaves nothing", () => {
    const pair = new BlobPair();
    pair.open(1, traits);
    send(pair.host, "image.bin", bytesOf(50_000));
    pair.run(600_000, () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 9_000);
    pair.host.exchange.cancel(7);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect([ends(pair.host), ends(pair.device)]).toEqual([
      ["image.bin cancelled"],
      ["image.bin cancelled"],
    ]);
    expect(pair.device.shelf.partials.size).toBe(0);
  });

  test("a text and an image at once share the link, and the others wait for their turn", () => {
    const pair = new BlobPair();
    pair.open(1, traits);
    send(pair.device, "image.bin", bytesOf(60_000, 1), 1);
    send(pair.device, "text.txt", bytesOf(3_000, 2), 2);
    for (const id of [3, 4, 5]) send(pair.device, `${id}.txt`, bytesOf(100, id), id);
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(ends(pair.host)[0]).toBe("text.txt done");
    expect(ends(pair.host)).toContain("image.bin done");
    expect(pair.host.shelf.files.size).toBe(5);
  });
});

test("the same file sent twice at once arrives once more, and neither disturbs the other", () => {
  const pair = new BlobPair();
  pair.open(1, UDP);
  send(pair.host, "a.bin", bytesOf(20_000), 1);
  send(pair.host, "a.bin", bytesOf(20_000), 2);
  expect(pair.run(600_000, () => isOver(pair))).toBe(true);
  expect(ends(pair.host)).toEqual(["a.bin done", "a.bin done"]);
  expect(pair.chunkBytes).toBe(40_000);
});

test("a better link takes over from a serial line in the middle of a file", () => {
  const pair = new BlobPair();
  pair.open(1, SERIAL);
  send(pair.host, "image.bin", bytesOf(50_000));
  pair.run(600_000, () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 9_000);
  const before = pair.messages;
  pair.open(2, TCP);
  expect(pair.run(600_000, () => isOver(pair))).toBe(true);
  expect(pair.device.shelf.files.get("image.bin")).toEqual(bytesOf(50_000));
  expect(pair.messages - before).toBeLessThan(110); // on the line it would be 500 pieces
});

describe("what goes wrong is known on both sides", () => {
  const FAULTS = [
    ["no-space", new BlobFault("no-space", "the disk is full"), 0],
    ["failed", new Error("EIO"), 1],
  ] as const;

  test.each(FAULTS)("%s at any write", (status, error, partials) => {
    for (let writes = 0; writes < 12; writes++) {
      const pair = new BlobPair();
      pair.open(1, TCP);
      let left = writes;
      pair.device.shelf.strike = () => {
        if (left-- === 0) throw error;
      };
      send(pair.host, "a.bin", bytesOf(10_000));
      expect(pair.run(600_000, () => isOver(pair))).toBe(true);
      expect([writes, ends(pair.host)]).toEqual([writes, [`a.bin ${status}`]]);
      expect(ends(pair.device)).toEqual([`a.bin ${status}`]);
      expect(pair.device.shelf.files.size).toBe(0);
      expect(pair.device.shelf.partials.size).toBeLessThanOrEqual(partials);
    }
  });

  test("a source that fails at any read", () => {
    for (let reads = 0; reads < 20; reads++) {
      const pair = new BlobPair();
      pair.open(1, UDP);
      let left = reads;
      pair.host.shelf.strike = () => {
        if (left-- === 0) throw new Error("EIO");
      };
      send(pair.host, "a.bin", bytesOf(10_000));
      expect(pair.run(600_000, () => isOver(pair))).toBe(true);
      expect([reads, ends(pair.host)]).toEqual([reads, ["a.bin failed"]]);
      expect(pair.device.shelf.files.size).toBe(0);
    }
  });

  test("a source that changes on the way is no file", () => {
    const pair = new BlobPair();
    pair.open(1, TCP);
    const bytes = bytesOf(30_000);
    send(pair.host, "a.bin", bytes);
    pair.run(600_000, () => (pair.host.exchange.views()[0]?.doneBytes ?? 0) >= 9_000);
    bytes[29_000]! ^= 1;
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect([ends(pair.host), ends(pair.device)]).toEqual([["a.bin corrupt"], ["a.bin corrupt"]]);
    expect(pair.device.shelf.files.size + pair.device.shelf.partials.size).toBe(0);
  });

  test.each(["../up", "a/b", "a\\b", ".hidden", "nul.txt", "a:b", "end."])(
    "the name %j",
    (name) => {
      const pair = new BlobPair();
      pair.open(1, TCP);
      send(pair.host, name, bytesOf(10));
      expect(pair.run(600_000, () => isOver(pair))).toBe(true);
      expect(ends(pair.host)).toEqual([`${name} refused`]);
      expect(pair.device.shelf.files.size).toBe(0);
    },
  );

  test("an update whose last step takes a while is done when it is", () => {
    const pair = new BlobPair();
    pair.device.shelf.completionDelays = 3;
    pair.open(1, UDP);
    send(pair.host, "a.bin", bytesOf(10));
    expect(pair.run(600_000, () => isOver(pair))).toBe(true);
    expect(ends(pair.host)).toEqual(["a.bin done"]);
  });
});

const faults = fc.record({
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  duplicate: fc.double({ min: 0, max: 0.3, noNaN: true }),
  jitterMs: fc.nat(40),
});

const trouble = fc.record({
  afterMs: fc.nat(3_000),
  what: fc.constantFrom("cut", "device dies", "host dies"),
});

test("whatever is lost, doubled, overtaken, cut and restarted: what is said to be done is right", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      faults,
      fc.constantFrom(TCP, UDP, SERIAL),
      fc.array(trouble, { maxLength: 5 }),
      fc.nat(30_000),
      (seed, weather, traits, troubles, size) => {
        const pair = new BlobPair(mulberry32(seed));
        const conditions = traits.isReliable ? {} : weather;
        pair.open(1, traits, conditions);
        const [up, down] = [bytesOf(size, seed), bytesOf(size + 1, seed + 1)];
        send(pair.device, "up.bin", up, 1);
        send(pair.host, "down.bin", down, 2);
        let link = 1;
        for (const { afterMs, what } of troubles) {
          pair.run(afterMs);
          if (what === "device dies") pair.restart(pair.device);
          if (what === "host dies") pair.restart(pair.host);
          if (what !== "cut") continue;
          pair.close(link++);
          pair.run(100);
          pair.open(link, traits, conditions);
        }
        // Whoever restarted has forgotten what it sent; who wants it there sends it once more.
        if (!pair.host.shelf.files.has("up.bin")) send(pair.device, "up.bin", up, 3);
        if (!pair.device.shelf.files.has("down.bin")) send(pair.host, "down.bin", down, 4);
        const isThere = () =>
          pair.host.shelf.files.has("up.bin") && pair.device.shelf.files.has("down.bin");
        expect(pair.run(3_600_000, isThere)).toBe(true);
        expect(pair.host.shelf.files.get("up.bin")).toEqual(up);
        expect(pair.device.shelf.files.get("down.bin")).toEqual(down);
        const areDone = () => pair.sides.every(({ exchange }) => exchange.isForgettable);
        expect(pair.run(3_600_000, areDone)).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});
