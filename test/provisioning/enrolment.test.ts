// Enrolment as it ends half-way: whatever the board answers, or does not, what the file of keys holds
// afterwards lets the board in.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Courier } from "../../host/commands/courier.ts";
import { createKey, formatKey } from "../../host/keys/device-keys.ts";
import { changeKeyFile, findKeys, readKeyFile } from "../../host/keys/key-file.ts";
import { enrol } from "../../host/provisioning/enrolment.ts";
import type { CommandStatus } from "../../shared/errors.ts";
import { temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const never = new Promise<never>(() => undefined);
const OLD = createKey();
let files = 0;

async function newKeyFile(...keys: readonly Uint8Array[]): Promise<string> {
  const path = join(folder, `${++files}.keys`);
  await changeKeyFile(path, (all) => {
    for (const key of keys) all.rotate("cellar", key);
  });
  return path;
}

/** A board that ends `set` so, and what it and the file of keys held when it got the command. */
class Board {
  readonly keyFile: string;
  readonly answer: CommandStatus | "none";
  readonly isTaken: boolean;
  key = "";
  asked: string[] = [];
  validWhenAsked: string[] = [];

  constructor(keyFile: string, answer: CommandStatus | "none", isTaken: boolean) {
    this.keyFile = keyFile;
    this.answer = answer;
    this.isTaken = isTaken;
  }

  readonly courier: Courier = async ({ name, arguments: given }) => {
    this.asked.push(name);
    if (name !== "set") return { status: "success", value: null, text: "" };
    this.validWhenAsked = this.valid();
    if (this.isTaken) this.key = String(given.key);
    return this.answer === "none" ? never : { status: this.answer, value: null, text: "why" };
  };

  valid(): string[] {
    return readKeyFile(this.keyFile).keysOf("cellar").map(formatKey);
  }
}

const within = (keyFile: string) => ({ keyFile, ring: findKeys(keyFile) });
const PLAN = { device: "cellar", host: "192.0.2.1", port: undefined, wifi: undefined };

test("the new key is valid before the board hears of it, beside the old one until the board has come", async () => {
  const board = new Board(await newKeyFile(OLD), "success", true);
  const outcome = await enrol(board.courier, PLAN, within(board.keyFile), never);
  expect(outcome).toEqual({ kind: "written", hasRestarted: true });
  expect(board.asked).toEqual(["set", "restart"]);
  expect(board.validWhenAsked).toEqual([board.key, formatKey(OLD)]);
  expect(board.valid()).toEqual([board.key, formatKey(OLD)]);
});

test.each(["unknown-command", "bad-arguments", "busy", "away"] as const)(
  "%s: the board took nothing, and the new key is gone again",
  async (status) => {
    for (const before of [[OLD], []]) {
      const board = new Board(await newKeyFile(...before), status, false);
      const outcome = await enrol(board.courier, PLAN, within(board.keyFile), never);
      expect(outcome).toEqual({ kind: "refused", text: "why" });
      expect(board.asked).toEqual(["set"]);
      expect(board.valid()).toEqual(before.map(formatKey));
    }
  },
);

describe.each([true, false])("the board took it: %s", (isTaken) => {
  test.each(["failed", "no-answer", "restarted"] as const)(
    "%s: whichever key it has gets in",
    async (status) => {
      const board = new Board(await newKeyFile(OLD), status, isTaken);
      board.key = formatKey(OLD);
      const outcome = await enrol(board.courier, PLAN, within(board.keyFile), never);
      expect(outcome.kind).toBe("unknown");
      expect(board.valid()).toHaveLength(2);
      expect(board.valid()).toContain(board.key);
    },
  );

  test("stopped before it answered: whichever key it has gets in", async () => {
    const board = new Board(await newKeyFile(OLD), "none", isTaken);
    board.key = formatKey(OLD);
    const outcome = await enrol(board.courier, PLAN, within(board.keyFile), Promise.resolve());
    expect(outcome.kind).toBe("unknown");
    expect(board.valid()).toContain(board.key);
  });
});

test("tried again and again, no key that the board may hold is ever dropped: at the bound it says so", async () => {
  const keyFile = await newKeyFile(OLD);
  const may: string[] = [formatKey(OLD)];
  for (let tries = 0; tries < 3; tries++) {
    const board = new Board(keyFile, "no-answer", true);
    await enrol(board.courier, PLAN, within(keyFile), never);
    may.push(board.key);
  }
  const board = new Board(keyFile, "success", true);
  await expect(enrol(board.courier, PLAN, within(keyFile), never)).rejects.toThrow(
    /has 4 keys already/,
  );
  expect(board.asked).toEqual([]);
  expect(board.valid().sort()).toEqual(may.sort());
});
