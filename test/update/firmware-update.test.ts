// An update of the firmware on a simulated machine: what is taken, what is refused, and what starts next.

import { expect, test } from "vitest";
import { FirmwareUpdate } from "../../device/update/firmware-update.ts";
import type { UpdateMachine } from "../../device/update/machine.ts";
import { signFirmware } from "../../host/firmware/sign.ts";
import { temporaryFolder } from "../support/senda.ts";
import {
  FACTORY,
  IMAGE,
  imageOf,
  KEY,
  MANIFEST,
  Machine,
  makeKey,
  NEWER,
  PowerCut,
  PUBLIC_KEY,
  send,
  updateOn,
} from "./world.ts";

const folder = temporaryFolder();

test("a whole image starts at the next restart, on trial, and stays once it is confirmed", () => {
  const machine = new Machine(folder);
  const first = machine.start();
  expect(first.version).toBe(FACTORY);
  const update = updateOn(first);
  expect(update.state).toEqual({ kind: "idle" });
  expect(send(update)).toEqual({ kind: "ready", version: NEWER });
  expect(first.version).toBe(FACTORY); // still running
  const second = machine.start();
  expect([second.version, second.isOnTrial]).toEqual([NEWER, true]);
  expect(machine.slot("b")).toEqual(IMAGE);
  second.confirm();
  for (let start = 0; start < 3; start++) {
    const later = machine.start();
    expect([later.version, later.isOnTrial]).toEqual([NEWER, false]);
  }
});

test("a restart without a confirmation, or a roll-back, brings the firmware before it back", () => {
  const machine = new Machine(folder);
  send(updateOn(machine.start()));
  expect(machine.start().version).toBe(NEWER);
  expect(machine.start().version).toBe(FACTORY);
  send(updateOn(machine.start()));
  machine.start().rollBack();
  expect(machine.restarts).toBe(1);
  const back = machine.start();
  expect([back.version, back.isOnTrial]).toEqual([FACTORY, false]);
  back.rollBack(); // to what? it stays
  expect(machine.restarts).toBe(1);
  expect(machine.start().version).toBe(FACTORY);
});

test("the next update goes to the other slot", () => {
  const machine = new Machine(folder);
  send(updateOn(machine.start()));
  machine.start().confirm();
  const image = imageOf("senda 0.3.0", 5_000);
  const manifest = signFirmware(image, "senda 0.3.0", KEY);
  expect(send(updateOn(machine.start()), { manifest, image })).toMatchObject({ kind: "ready" });
  expect(machine.start().version).toBe("senda 0.3.0");
  expect(machine.slot("a")).toEqual(image);
  expect(machine.slot("b")).toEqual(IMAGE);
});

test("broken off and begun again, it goes on where it was; pieces may come twice or overlap", () => {
  const machine = new Machine(folder);
  const update = updateOn(machine.start());
  expect(send(update, { end: 4_000 })).toEqual({ kind: "receiving", version: NEWER, next: 4_000 });
  expect(update.begin(MANIFEST)).toMatchObject({ next: 4_000 });
  expect(update.handlePiece(3_000, IMAGE.subarray(3_000, 4_000))).toMatchObject({ next: 4_000 });
  expect(update.handlePiece(5_000, IMAGE.subarray(5_000, 6_000))).toMatchObject({ next: 4_000 });
  expect(update.handlePiece(3_500, IMAGE.subarray(3_500, 4_500))).toMatchObject({ next: 4_500 });
  expect(send(update)).toEqual({ kind: "ready", version: NEWER });
  machine.start();
  expect(machine.slot("b")).toEqual(IMAGE);
});

test("another update takes the place of one that is coming in, but not of one that is ready", () => {
  const machine = new Machine(folder);
  const update = updateOn(machine.start());
  const image = imageOf("senda 0.3.0");
  const manifest = signFirmware(image, "senda 0.3.0", KEY);
  send(update, { end: 4_000 });
  expect(update.begin(manifest)).toEqual({ kind: "receiving", version: "senda 0.3.0", next: 0 });
  expect(send(update)).toMatchObject({ kind: "ready", version: NEWER });
  expect(update.begin(manifest)).toMatchObject({ kind: "refused" });
  update.abort();
  expect(update.state).toMatchObject({ kind: "ready" });
  expect(machine.start().version).toBe(NEWER);
});

test.each([
  ["no key is configured", MANIFEST, "", "no key to check updates with"],
  ["the key is none", MANIFEST, "04abc", "no key to check updates with"],
  ["the key is no point of the curve", MANIFEST, `04${"11".repeat(64)}`, "signature"],
  ["another key signed it", signFirmware(IMAGE, NEWER, makeKey()), PUBLIC_KEY, "signature"],
  ["the version was changed", { ...MANIFEST, version: "senda 9" }, PUBLIC_KEY, "signature"],
  ["the length was changed", { ...MANIFEST, bytes: 9_999 }, PUBLIC_KEY, "signature"],
  ["the hash was changed", { ...MANIFEST, sha256: new Uint8Array(32) }, PUBLIC_KEY, "signature"],
  [
    "the signature is zero",
    { ...MANIFEST, signature: new Uint8Array(64) },
    PUBLIC_KEY,
    "signature",
  ],
  [
    "the signature is short",
    { ...MANIFEST, signature: new Uint8Array(63) },
    PUBLIC_KEY,
    "64 bytes",
  ],
  ["the hash is short", { ...MANIFEST, sha256: new Uint8Array(31) }, PUBLIC_KEY, "32 bytes"],
  ["the length is none", { ...MANIFEST, bytes: -1 }, PUBLIC_KEY, "length"],
  ["the version is none", { ...MANIFEST, version: "a\nb" }, PUBLIC_KEY, "control characters"],
])("refused before a byte is written: %s", (_, manifest, key, words) => {
  const machine = new Machine(folder);
  const update = updateOn(machine.start(), key);
  expect(update.begin(manifest)).toEqual({ kind: "refused", why: expect.stringContaining(words) });
  expect(update.handlePiece(0, IMAGE)).toEqual({ kind: "idle" });
  expect(machine.writes).toBe(0);
});

test("an image other than the signed one does not start, nor one that is too long", () => {
  const machine = new Machine(folder);
  const forged = IMAGE.slice();
  forged[9_999]! ^= 1;
  const update = updateOn(machine.start());
  const state = send(update, { image: forged });
  expect(state).toMatchObject({
    kind: "refused",
    why: expect.stringContaining("its hash differs"),
  });
  expect(machine.start().version).toBe(FACTORY);
  send(update, { end: 9_000 });
  expect(update.handlePiece(9_000, new Uint8Array(1_001))).toMatchObject({
    kind: "refused",
    why: expect.stringContaining("longer than it was said"),
  });
  expect(send(update)).toMatchObject({ kind: "ready" }); // begun anew
});

test("an image that does not fit, a machine with one slot, and a trial that is under way", () => {
  const slots = new Machine(folder).start();
  const large = new Uint8Array(slots.openSlot().bytesMax + 1);
  const why = (update: FirmwareUpdate, manifest = MANIFEST) =>
    expect.stringContaining((update.begin(manifest) as { why: string }).why);
  const tooLarge = signFirmware(large, NEWER, KEY);
  expect("the image has 1900545 bytes, the slot 1900544").toEqual(why(updateOn(slots), tooLarge));
  const machine: UpdateMachine = { crypto: slots.crypto, boot: slots, openSlot: () => undefined };
  const single = new FirmwareUpdate({ machine, publicKey: PUBLIC_KEY });
  expect("there is no second slot for an image").toEqual(why(single));
  const trial = { ...machine, boot: { ...slots, isOnTrial: true } as never };
  const onTrial = new FirmwareUpdate({ machine: trial, publicKey: PUBLIC_KEY });
  expect("this firmware is on trial itself").toEqual(why(onTrial));
});

test("a slot that fails ends the update, and the next one begins anew", () => {
  const machine = new Machine(folder);
  const update = updateOn(machine.start());
  send(update, { end: 3_000 });
  machine.cutAtWrite = machine.writes + 1;
  const state = update.handlePiece(3_000, IMAGE.subarray(3_000, 4_000));
  expect(state).toEqual({ kind: "refused", why: "the slot failed: Error: no power" });
  machine.cutAtWrite = Number.POSITIVE_INFINITY;
  expect(update.begin(MANIFEST)).toMatchObject({ kind: "receiving", next: 0 });
});

test("a cut of the power at any step leaves a firmware that starts, whole", () => {
  const counted = new Machine(folder);
  send(updateOn(counted.start()));
  counted.start().confirm();
  const steps = counted.writes;
  expect(steps).toBeGreaterThan(14); // each piece, the slot, three records in two steps each
  const started = { [FACTORY]: 0, [NEWER]: 0 };
  for (let step = 1; step <= steps; step++) {
    const machine = new Machine(folder);
    machine.cutAtWrite = step;
    cutSomewhere(machine);
    machine.cutAtWrite = Number.POSITIVE_INFINITY;
    const after = machine.start();
    const { version } = after;
    expect([FACTORY, NEWER]).toContain(version);
    started[version as typeof NEWER]++;
    if (version === NEWER) expect(machine.slot("b")).toEqual(IMAGE);
    if (after.isOnTrial) continue;
    expect(send(updateOn(after))).toMatchObject({ kind: "ready", version: NEWER });
    expect(machine.start().version).toBe(NEWER);
  }
  expect(started[FACTORY]).toBeGreaterThan(10);
  expect(started[NEWER]).toBeGreaterThan(0);
});

/** Updates, restarts and confirms, until the power is cut. */
function cutSomewhere(machine: Machine): void {
  try {
    if (send(updateOn(machine.start())).kind === "ready") machine.start().confirm();
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
}

test("a key that is none is told of, with how to make one", () => {
  expect(() => signFirmware(IMAGE, NEWER, "nonsense")).toThrow("make one with: openssl");
});
