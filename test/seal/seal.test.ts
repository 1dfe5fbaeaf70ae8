// The seal as both sides keep it: who gets in, who does not, and what somebody on the path can do. PROTOCOL 11.

import { describe, expect, test } from "vitest";
import { createKey } from "../../host/keys/device-keys.ts";
import { REPLAY_WINDOW_MESSAGES } from "../../shared/seal/replay-window.ts";
import { encodeDeny, KNOCK_BYTES, SEAL_BYTES_MAX } from "../../shared/seal/seal-message.ts";
import { DEVICE, SealPair } from "./pair.ts";

const flipped = (bytes: Uint8Array, bit: number) => {
  const copy = bytes.slice();
  copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
  return copy;
};

const textsOf = (pair: SealPair) => pair.heardByHost.map(({ text }) => text);

function openPair(): SealPair {
  const pair = new SealPair();
  pair.open(1);
  pair.toHost(1, pair.fromDevice(1, "first")!);
  return pair;
}

describe("a device with its key", () => {
  test("is admitted in one round trip, and both sides hear each other", () => {
    const pair = openPair();
    expect(pair.deviceEvents()).toEqual([{ kind: "admitted", link: 1 }]);
    expect(pair.heardByHost).toEqual([{ device: DEVICE, text: "first" }]);
    expect(pair.hostEvents()).toMatchObject([{ kind: "proven", device: DEVICE }]);
    pair.toDevice(1, pair.fromHost("answer")!);
    expect(pair.heardByDevice).toEqual(["answer"]);
  });

  test("needs no handshake for another link", () => {
    const pair = openPair();
    pair.deviceEvents();
    pair.device.handleLinkUp(2, 0);
    expect(pair.deviceEvents()).toEqual([{ kind: "admitted", link: 2 }]);
    pair.toHost(2, pair.fromDevice(2, "over another link")!);
    expect(textsOf(pair)).toEqual(["first", "over another link"]);
    expect(pair.device.handshakes).toBe(1);
  });

  test("says nothing of its session before it is admitted", () => {
    const pair = new SealPair();
    pair.device.handleLinkUp(1, 0);
    expect(pair.fromDevice(1, "too early")).toHaveLength(KNOCK_BYTES);
    expect(pair.fromDevice(1, "too early")).toBeUndefined();
  });

  test("knocks again, with the same knock, until somebody answers, and gets the same answer", () => {
    const pair = new SealPair();
    pair.device.handleLinkUp(1, 0);
    const first = pair.fromDevice(1)!;
    const answer = pair.host.handleMessage(first, { address: "lost" }, 0);
    expect(pair.device.nextDueMs()).toBe(1_000);
    pair.nowMs = 1_000;
    const second = pair.fromDevice(1)!;
    expect(second).toEqual(first);
    expect(pair.host.handleMessage(second, { address: "lost" }, 1_000)).toEqual(answer);
    expect(pair.host.halfOpenCount).toBe(1);
  });

  test("adds no more than 26 bytes, and 23 at first", () => {
    const pair = openPair();
    expect(pair.fromDevice(1, "text")!.length - "text".length).toBe(22);
    expect(SEAL_BYTES_MAX).toBe(26);
  });
});

describe("who does not get in", () => {
  test("a wrong key: the host knows which device, the device only that it was turned away", () => {
    const pair = new SealPair();
    pair.keys.add(DEVICE, createKey());
    pair.open(1);
    expect(pair.deviceEvents()).toEqual([{ kind: "not-admitted", link: 1 }]);
    expect(pair.hostEvents()).toMatchObject([{ why: "wrong-key", device: DEVICE }]);
    expect(pair.host.halfOpenCount).toBe(0);
  });

  test("an unknown device: the answer is the same, byte for byte", () => {
    const wrong = new SealPair();
    wrong.keys.add(DEVICE, createKey());
    wrong.device.handleLinkUp(1, 0);
    const knock = wrong.fromDevice(1)!;
    const unknown = new SealPair({ isKnown: false });
    const answer = wrong.host.handleMessage(knock, { address: "a" }, 0);
    expect(unknown.host.handleMessage(knock, { address: "a" }, 0)).toEqual(answer);
    expect(unknown.hostEvents()).toMatchObject([{ why: "unknown-device" }]);
  });

  test("a host without the key: the device says so", () => {
    const pair = new SealPair();
    pair.device.handleLinkUp(1, 0);
    const knock = pair.fromDevice(1)!;
    const { bytes } = pair.host.handleMessage(knock, { address: "a" }, 0) as { bytes: Uint8Array };
    pair.toDevice(1, flipped(bytes, 8 * 20));
    expect(pair.deviceEvents()).toEqual([{ kind: "impostor", link: 1 }]);
    expect(pair.fromDevice(1, "for nobody")).toBeUndefined();
  });

  test("a device whose key was taken away, though it is here", () => {
    const pair = openPair();
    pair.deviceEvents();
    pair.keys.remove(DEVICE);
    pair.host.handleKeysChanged();
    expect(pair.fromHost("for nobody")).toBeUndefined();
    pair.toHost(1, pair.fromDevice(1, "from nobody")!);
    pair.nowMs += 1_000;
    pair.settle(1);
    expect(textsOf(pair)).toEqual(["first"]);
    expect(pair.deviceEvents()).toEqual([{ kind: "not-admitted", link: 1 }]);
  });

  test("one of the other 792 bits of a knock changed: nobody's", () => {
    const pair = new SealPair();
    pair.device.handleLinkUp(1, 0);
    const knock = pair.fromDevice(1)!;
    for (let bit = 0; bit < 8 * knock.length; bit++) {
      pair.host.handleMessage(flipped(knock, bit), { address: "a" }, 0);
    }
    expect(pair.host.halfOpenCount).toBe(0);
  });
});

describe("somebody on the path", () => {
  test("changes a bit of a sealed message: it is not heard, whichever bit", () => {
    const pair = openPair();
    const message = pair.fromDevice(1, "the real one")!;
    for (let bit = 0; bit < 8 * message.length; bit++) pair.toHost(1, flipped(message, bit));
    expect(textsOf(pair)).toEqual(["first"]);
    pair.toHost(1, message);
    expect(textsOf(pair)).toEqual(["first", "the real one"]);
  });

  test("changes a bit of an admit: the device does not take it, whichever bit", () => {
    const pair = new SealPair();
    pair.device.handleLinkUp(1, 0);
    const { bytes } = pair.host.handleMessage(pair.fromDevice(1)!, { address: "a" }, 0) as {
      bytes: Uint8Array;
    };
    for (let bit = 0; bit < 8 * bytes.length; bit++) pair.toDevice(1, flipped(bytes, bit));
    expect(pair.deviceEvents().map(({ kind }) => kind)).not.toContain("admitted");
    pair.toDevice(1, bytes);
    expect(pair.deviceEvents()).toEqual([{ kind: "admitted", link: 1 }]);
  });

  test("cuts a sealed message short, or splices two: it is not heard", () => {
    const pair = openPair();
    const [one, two] = [pair.fromDevice(1, "message 1")!, pair.fromDevice(1, "message 2")!];
    for (let length = 0; length < one.length; length++) pair.toHost(1, one.subarray(0, length));
    for (let at = 1; at < one.length; at++) {
      const spliced = new Uint8Array([...one.subarray(0, at), ...two.subarray(at)]);
      if (!Buffer.from(spliced).equals(one) && !Buffer.from(spliced).equals(two)) {
        pair.toHost(1, spliced);
      }
    }
    expect(textsOf(pair)).toEqual(["first"]);
  });

  test("repeats messages, over this link and another: each is heard once", () => {
    const pair = openPair();
    const message = pair.fromDevice(1, "once")!;
    for (const link of [1, 1, 2]) pair.toHost(link, message);
    expect(textsOf(pair)).toEqual(["first", "once"]);
    const answer = pair.fromHost("answer")!;
    for (let copy = 0; copy < 3; copy++) pair.toDevice(1, answer);
    expect(pair.heardByDevice).toEqual(["answer"]);
  });

  test("repeats messages of an association that is over", () => {
    const pair = openPair();
    const old = pair.fromDevice(1, "old")!;
    pair.restartHost();
    pair.toHost(1, pair.fromDevice(1, "hint")!);
    pair.nowMs = 1_000;
    pair.settle(1);
    pair.toHost(1, pair.fromDevice(1, "new")!);
    pair.toHost(1, old);
    expect(textsOf(pair)).toEqual(["first", "new"]);
  });

  test("sends a side's messages back to it", () => {
    const pair = openPair();
    pair.toDevice(1, pair.fromDevice(1, "mine")!);
    expect(pair.heardByDevice).toEqual([]);
    pair.toHost(1, pair.fromHost("mine too")!);
    expect(textsOf(pair)).toEqual(["first"]);
  });

  test("gives one device's message another device's token", () => {
    const pair = openPair();
    const other = new SealPair({ device: "attic" });
    other.host = pair.host;
    pair.keys.add("attic", other.keys.keysOf("attic")[0]!);
    other.open(1);
    const message = other.fromDevice(1, "of the attic")!;
    const mine = pair.fromDevice(1, "of the cellar")!;
    message.set(mine.subarray(1, 5), 1);
    pair.toHost(1, message);
    expect(textsOf(pair)).toEqual(["first"]);
  });

  test("repeats a knock: the device's association is not disturbed", () => {
    const pair = new SealPair();
    pair.device.handleLinkUp(1, 0);
    const knock = pair.fromDevice(1)!;
    pair.toHost(1, knock);
    pair.toHost(1, pair.fromDevice(1, "first")!);
    for (let copy = 0; copy < 100; copy++)
      pair.host.handleMessage(knock, { address: "elsewhere" }, copy);
    expect(pair.host.halfOpenCount).toBe(1);
    pair.toHost(1, pair.fromDevice(1, "second")!);
    pair.toDevice(1, pair.fromHost("answer")!);
    expect(textsOf(pair)).toEqual(["first", "second"]);
    expect(pair.heardByDevice).toEqual(["answer"]);
    expect(pair.device.handshakes).toBe(1);
  });

  test("forges denials: each costs the device a handshake at most, and it goes on meanwhile", () => {
    const pair = openPair();
    const message = pair.fromDevice(1, "second")!;
    const about = message.slice(1, 5);
    const forged = encodeDeny({ reason: "unknown-association", retryAfterMs: 0, about });
    for (let copy = 0; copy < 100; copy++) pair.toDevice(1, forged);
    pair.toHost(1, message);
    pair.nowMs = 5_000;
    pair.settle(1);
    pair.toHost(1, pair.fromDevice(1, "third")!);
    expect(textsOf(pair)).toEqual(["first", "second", "third"]);
    expect(pair.device.handshakes).toBe(2);
  });

  test("forges a denial without having seen the knock: it is not believed", () => {
    const pair = new SealPair();
    pair.device.handleLinkUp(1, 0);
    const about = new Uint8Array(16);
    pair.toDevice(1, encodeDeny({ reason: "not-admitted", retryAfterMs: 0, about }));
    expect(pair.deviceEvents()).toEqual([]);
    expect(pair.device.ignored).toBe(1);
  });

  test("speaks in the clear to a device with a key: it does not listen", () => {
    const pair = openPair();
    for (const hex of ["1307", "020100", "030100", "1500", ""]) {
      pair.toDevice(1, Buffer.from(hex, "hex"));
    }
    expect(pair.heardByDevice).toEqual([]);
    expect(pair.device.ignored).toBe(5);
  });
});

describe("order", () => {
  test("messages that overtake each other are all heard, within the window", () => {
    const pair = openPair();
    const messages = Array.from(
      { length: REPLAY_WINDOW_MESSAGES },
      (_, index) => pair.fromDevice(1, `${index}`)!,
    );
    for (const message of messages.toReversed()) pair.toHost(1, message);
    for (const message of messages) pair.toHost(1, message);
    expect(pair.heardByHost).toHaveLength(1 + REPLAY_WINDOW_MESSAGES);
  });

  test("what is overtaken by more than the window is not", () => {
    const pair = openPair();
    const late: Uint8Array = pair.fromDevice(1, "late")!;
    let last: Uint8Array = late;
    for (let count = 0; count < REPLAY_WINDOW_MESSAGES; count++) last = pair.fromDevice(1, "x")!;
    pair.toHost(1, last);
    pair.toHost(1, late);
    expect(textsOf(pair)).toEqual(["first", "x"]);
    expect(pair.host.counters.forged).toBe(1);
  });
});

describe("new keys", () => {
  test("a host that starts anew: the device knocks again on the same link", () => {
    const pair = openPair();
    pair.deviceEvents();
    pair.restartHost();
    pair.toHost(1, pair.fromDevice(1, "lost")!);
    pair.nowMs = 1_000;
    pair.settle(1);
    expect(pair.deviceEvents()).toEqual([{ kind: "admitted", link: 1 }]);
    pair.toHost(1, pair.fromDevice(1, "heard")!);
    expect(textsOf(pair)).toEqual(["first", "heard"]);
  });

  test("after a day the device knocks anew; nothing under way is lost, nothing comes twice", () => {
    const pair = openPair();
    pair.nowMs = 24 * 3_600_000 - 1;
    const underway = pair.fromDevice(1, "under way")!;
    const answer = pair.fromHost("under way too")!;
    pair.nowMs++;
    const knock = pair.fromDevice(1, "later")!;
    expect(knock).toHaveLength(KNOCK_BYTES);
    expect(pair.fromDevice(1, "meanwhile")).toBeDefined();
    pair.toHost(1, knock);
    pair.toHost(1, pair.fromDevice(1, "under the new keys")!);
    pair.toHost(1, underway);
    pair.toHost(1, underway);
    pair.toDevice(1, answer);
    pair.toDevice(1, pair.fromHost("under the new keys")!);
    expect(textsOf(pair)).toEqual(["first", "under the new keys", "under way"]);
    expect(pair.heardByDevice).toEqual(["under way too", "under the new keys"]);
    pair.nowMs += 10_000;
    const { handshakes } = pair.device;
    expect(handshakes).toBe(2);
  });

  test("what is late by more than ten seconds after that is not heard", () => {
    const pair = openPair();
    pair.nowMs = 24 * 3_600_000 - 1;
    const late = pair.fromDevice(1, "late")!;
    pair.nowMs++;
    pair.settle(1);
    pair.toHost(1, pair.fromDevice(1, "new")!);
    pair.nowMs += 10_000;
    pair.toHost(1, late);
    expect(textsOf(pair)).toEqual(["first", "new"]);
  });

  test("a device that slept through a rotation gets in with its old key", () => {
    const pair = new SealPair();
    const [old] = pair.keys.keysOf(DEVICE);
    pair.keys.rotate(DEVICE, createKey());
    pair.open(1);
    pair.toHost(1, pair.fromDevice(1, "first")!);
    expect(textsOf(pair)).toEqual(["first"]);
    expect(pair.hostEvents()).toEqual([{ kind: "proven", device: DEVICE, key: old }]);
    expect(pair.keys.settle(DEVICE, old!)).toBe(false);
  });
});

describe("bounds", () => {
  test("half-open associations: eight a device, and none for longer than ten seconds", () => {
    const key = createKey();
    const pair = new SealPair({ key });
    for (let life = 0; life < 100; life++) {
      const other = new SealPair({ key });
      other.device.handleLinkUp(1, 0);
      pair.host.handleMessage(other.fromDevice(1)!, { address: "a" }, 0);
    }
    expect(pair.host.halfOpenCount).toBe(8);
    pair.nowMs = 10_000;
    pair.open(1);
    expect(pair.host.halfOpenCount).toBe(1);
  });

  test("100,000 bogus knocks: few are answered, and a device elsewhere gets in", () => {
    const pair = new SealPair();
    const stranger = new SealPair({ device: "stranger" });
    stranger.device.handleLinkUp(1, 0);
    const knock = stranger.fromDevice(1)!;
    let answers = 0;
    for (let count = 0; count < 100_000; count++) {
      if (pair.host.handleMessage(knock, { address: "203.0.113.1" }, count / 100).kind === "answer")
        answers++;
    }
    expect(answers).toBeLessThanOrEqual(22);
    expect(pair.host.counters.knocksDropped).toBeGreaterThan(75_000);
    pair.nowMs = 1_000;
    pair.open(1);
    expect(pair.device.isAdmitted(1)).toBe(true);
    expect(pair.hostEvents().length).toBeLessThanOrEqual(22);
  });

  test("no answer is longer than what it answers", () => {
    const pair = new SealPair({ isKnown: false });
    pair.device.handleLinkUp(1, 0);
    const knock = pair.fromDevice(1)!;
    expect(pair.toHost(1, knock)!.length).toBeLessThan(knock.length);
    const open = openPair();
    const sealed = open.fromDevice(1, "x")!;
    open.restartHost();
    expect(open.toHost(1, sealed)!.length).toBeLessThan(sealed.length);
    const admitted = new SealPair();
    admitted.device.handleLinkUp(1, 0);
    expect(admitted.toHost(1, admitted.fromDevice(1)!)!.length).toBeLessThan(KNOCK_BYTES);
  });

  test("a fleet that comes at once: as many as may are admitted, the others told when to come back", () => {
    const pair = new SealPair();
    const outcomes = Array.from({ length: 300 }, (_, index) => {
      const other = new SealPair({ device: `device-${index}` });
      pair.keys.add(`device-${index}`, other.keys.keysOf(`device-${index}`)[0]!);
      other.host = pair.host;
      other.open(1);
      return other.deviceEvents()[0]!.kind;
    });
    expect(outcomes.filter((kind) => kind === "admitted")).toHaveLength(250);
    expect(outcomes.filter((kind) => kind === "busy")).toHaveLength(50);
  });
});
