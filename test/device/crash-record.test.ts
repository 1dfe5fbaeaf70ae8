// What is kept of a crash: its reason until a collector has it, and how many followed each other.

import { expect, test } from "vitest";
import { CrashRecord } from "../../device/platform/crash-record.ts";
import { utf8Length } from "../../shared/bytes/utf8.ts";
import { MemoryStorage } from "./memory-storage.ts";

function crash(storage: MemoryStorage, error: unknown, kind?: string): void {
  new CrashRecord(storage).handleCrash(error, kind);
}

const tell = (storage: MemoryStorage, reason = "software") =>
  new CrashRecord(storage).resetText(reason);

function errorWith(stack: string): Error {
  return Object.assign(new TypeError("cannot coerce undefined to object"), { stack });
}

test("the reason and where it came from, before the machine's own, until it was delivered", () => {
  const storage = new MemoryStorage();
  expect(tell(storage, "power-on")).toBe("power-on");
  crash(storage, new TypeError("no x"));
  const told = /^exception: TypeError: no x \(crash-record\.test\.ts:\d+:\d+.*\); software$/;
  expect(tell(storage)).toMatch(told);
  expect(tell(storage)).toMatch(told);
  new CrashRecord(storage).handleDelivered();
  expect(tell(storage)).toBe("software");
});

test.each([
  ["a debug build", "T: x\n at read (/senda/device/sampler.ts:62)\n at ()", "sampler.ts:62"],
  ["a release build", "T: x\n at poke ()\n at ()\n at #run ()", "poke < #run"],
  ["many frames", "T\n at a ()\n at b ()\n at c ()\n at d ()", "a < b < c"],
])("where it came from, by XS in %s", (_, stack, where) => {
  const storage = new MemoryStorage();
  crash(storage, errorWith(stack));
  const text = "exception: TypeError: cannot coerce undefined to object";
  expect(tell(storage)).toBe(`${text} (${where}); software`);
});

test("what was thrown may be anything, and as long as it likes", () => {
  const storage = new MemoryStorage();
  crash(storage, "memory full", "memory full");
  expect(tell(storage, "panic")).toBe("memory full: memory full; panic");
  crash(storage, undefined, "rejection");
  expect(tell(storage)).toBe("rejection: undefined; software");
  crash(storage, errorWith(` at ${"f".repeat(500)} ()`));
  expect(tell(storage)).toMatch(/^exception: TypeError: cannot .*; software$/);
  for (const text of ["é".repeat(300), "a\nb\ud83d".repeat(100), "語".repeat(300)]) {
    crash(storage, new RangeError(text));
    const told = tell(storage, "task-watchdog");
    expect(utf8Length(told)).toBeLessThanOrEqual(256);
    expect(told).toMatch(/^exception: RangeError: [^\n\ud800-\udfff]+; task-watchdog$/);
  }
});

test("of one life only the first counts: what follows from it says less", () => {
  const storage = new MemoryStorage();
  const record = new CrashRecord(storage);
  record.handleCrash(new Error("first"));
  record.handleCrash(new Error("second"));
  record.handleDelivered();
  record.handleSteady();
  expect(tell(storage)).toContain("first");
  expect(storage.writes).toBe(1);
});

test("crashes in a row: longer and longer pauses, and in the end nothing is written any more", () => {
  const storage = new MemoryStorage();
  const error = new Error("again");
  const pauses: number[] = [];
  for (let life = 0; life < 200; life++) {
    const record = new CrashRecord(storage);
    pauses.push(record.pauseMs / 1_000);
    record.handleCrash(error);
  }
  expect(pauses.slice(0, 11)).toEqual([0, 0, 5, 10, 20, 40, 80, 160, 320, 600, 600]);
  expect(storage.writes).toBe(9);
});

test("a reason that was delivered leaves the count; a steady life leaves nothing", () => {
  const storage = new MemoryStorage();
  for (let life = 0; life < 3; life++) {
    const record = new CrashRecord(storage);
    record.handleDelivered();
    record.handleCrash(new Error("soon"));
  }
  const record = new CrashRecord(storage);
  record.handleDelivered();
  expect(new CrashRecord(storage).pauseMs).toBe(10_000);
  record.handleSteady();
  expect(new CrashRecord(storage).pauseMs).toBe(0);
  expect(storage.texts.size).toBe(0);
});

test("storage that is not there, fails or holds something else does no harm", () => {
  const broken = {
    read: () => {
      throw new Error("not initialised");
    },
    write: () => {
      throw new Error("no space");
    },
    delete: () => undefined,
  };
  for (const storage of [undefined, broken]) {
    const record = new CrashRecord(storage);
    record.handleCrash(new Error("lost"));
    expect(new CrashRecord(storage).resetText("panic")).toBe("panic");
  }
  const storage = new MemoryStorage();
  storage.write("crash", "something else");
  expect(tell(storage)).toBe("software");
});
