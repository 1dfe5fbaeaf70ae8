// A device that is given another key while it talks.

import { expect, test } from "vitest";
import { createKey } from "../../host/keys/device-keys.ts";
import { DEVICE, SealPair } from "./pair.ts";

const [OLD, NEW] = [createKey(), createKey()];

function talking(): SealPair {
  const pair = new SealPair({ key: OLD });
  pair.open(1);
  pair.toHost(1, pair.fromDevice(1, "before")!);
  pair.deviceEvents();
  return pair;
}

test("it talks under the old one until it is let in with the new one", () => {
  const pair = talking();
  pair.keys.rotate(DEVICE, NEW);
  expect(pair.host.newerKeyOf(DEVICE)).toEqual(NEW);
  pair.device.useKey(NEW, pair.nowMs);
  pair.fromDevice(1); // the knock, lost
  pair.toHost(1, pair.fromDevice(1, "meanwhile")!);
  pair.toDevice(1, pair.fromHost("answer")!);
  expect(pair.device.isAdmitted(1)).toBe(true);
  pair.nowMs += 1_000;
  const late = pair.fromHost("sealed before, heard after")!;
  pair.settle(1);
  pair.toHost(1, pair.fromDevice(1, "after")!);
  pair.toDevice(1, late);
  expect(pair.heardByHost.map(({ text }) => text)).toEqual(["before", "meanwhile", "after"]);
  expect(pair.heardByDevice).toEqual(["answer", "sealed before, heard after"]);
  expect(pair.host.newerKeyOf(DEVICE)).toBeUndefined();
  expect(pair.hostEvents().at(-1)).toEqual({ kind: "proven", device: DEVICE, key: NEW });
});

test("the same key again changes nothing", () => {
  const pair = talking();
  pair.device.useKey(OLD.slice(), pair.nowMs);
  expect(pair.fromDevice(1)).toBeUndefined();
});

test("an answer to the knock with the old key comes too late", () => {
  const pair = new SealPair({ key: OLD });
  pair.device.handleLinkUp(1, 0);
  const knock = pair.fromDevice(1)!;
  pair.keys.rotate(DEVICE, NEW);
  pair.device.useKey(NEW, 0);
  pair.toHost(1, knock);
  expect(pair.device.isAdmitted(1)).toBe(false);
  pair.settle(1);
  expect(pair.device.isAdmitted(1)).toBe(true);
});

test("a host without the new key: the device says so, and the old association still holds", () => {
  const pair = talking();
  pair.device.useKey(NEW, pair.nowMs);
  pair.settle(1);
  expect(pair.deviceEvents()).toEqual([{ kind: "not-admitted", link: 1 }]);
  pair.toHost(1, pair.fromDevice(1, "still here")!);
  expect(pair.heardByHost.at(-1)!.text).toBe("still here");
});

test("who has proven nothing is brought no key", () => {
  const pair = new SealPair({ key: OLD });
  pair.keys.rotate(DEVICE, NEW);
  pair.device.handleLinkUp(1, 0);
  pair.toHost(1, pair.fromDevice(1)!); // admitted, and nothing sealed yet
  expect(pair.host.newerKeyOf(DEVICE)).toBeUndefined();
  expect(pair.host.newerKeyOf("nobody")).toBeUndefined();
});
