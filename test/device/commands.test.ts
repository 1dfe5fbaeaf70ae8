// The device's commands: what they take, what they answer, what they never say.

import { expect, test } from "vitest";
import type { Command } from "../../device/commands/command.ts";
import { CommandRegistry } from "../../device/commands/registry.ts";
import { settingsCommands } from "../../device/commands/settings-commands.ts";
import { DEFAULT_SETTINGS } from "../../device/settings.ts";
import { settingRows } from "../../device/settings-table.ts";
import type { CommandStatus } from "../../shared/errors.ts";
import { COMMAND_BODY_BYTES_MAX } from "../../shared/limits.ts";
import { type CborValue, encodeCbor } from "../../shared/message/cbor.ts";
import { keeperOf } from "./keeper.ts";

const ECHO: Command = {
  name: "echo",
  help: "says what it was told",
  parameters: [
    { name: "count", kind: "integer", least: 1, most: 9, help: "how often", unit: "times" },
    { name: "level", kind: "number", help: "how loud", isOptional: true },
    { name: "isSlow", kind: "boolean", help: "slowly", isOptional: true },
    { name: "tone", kind: "enumeration", labels: ["low", "high"], help: "", isOptional: true },
    { name: "text", kind: "text", help: "what", isOptional: true },
  ],
  run: (given, reply) => reply.handleSuccess(new Map(given)),
};

const FAULTY: Command = {
  name: "faulty",
  help: "throws",
  parameters: [],
  run: () => {
    throw new Error("no lamp");
  },
};

type Outcome = { status: CommandStatus; value: CborValue };

function run(
  commands: readonly Command[],
  name: string,
  given: Record<string, CborValue> = {},
): Outcome {
  let outcome: Outcome | undefined;
  new CommandRegistry(commands).run({
    name,
    arguments: new Map(Object.entries(given)),
    handleProgress: () => undefined,
    handleSuccess: (value) => {
      outcome = { status: "success", value };
    },
    handleFailure: (status, value) => {
      outcome = { status, value };
    },
  });
  return outcome!;
}

/** All items of a command that answers in pages. */
function itemsOf(commands: readonly Command[], name: string): Map<string, CborValue>[] {
  const items: CborValue[] = [];
  for (let from: CborValue = 0; from !== null; ) {
    const { value } = run(commands, name, { from });
    expect(encodeCbor(value).length).toBeLessThanOrEqual(COMMAND_BODY_BYTES_MAX);
    const page = value as Map<string, CborValue>;
    items.push(...(page.get("items") as CborValue[]));
    from = page.get("next")!;
  }
  return items as Map<string, CborValue>[];
}

test.each([
  [{ count: 3 }, { count: 3 }],
  [{ count: "3" }, { count: 3 }],
  [
    { count: 9, level: "-0.5", isSlow: "yes", tone: "high", text: "12" },
    { count: 9, level: -0.5, isSlow: true, tone: "high", text: "12" },
  ],
])("arguments as their kind, or as people write them: %j", (given, taken) => {
  expect(run([ECHO], "echo", given)).toEqual({
    status: "success",
    value: new Map(Object.entries(taken)),
  });
});

test.each([
  [{}, "count is missing"],
  [{ count: 10 }, "count: expected a whole number from 1 to 9 times"],
  [{ count: 1.5 }, "count: expected a whole number from 1 to 9 times"],
  [{ count: "" }, "count: expected a whole number from 1 to 9 times"],
  [{ count: null }, "count: expected a whole number from 1 to 9 times"],
  [{ count: 1, level: "loud" }, "level: expected a number"],
  [{ count: 1, level: "1e999" }, "level: expected a number"],
  [{ count: 1, isSlow: "perhaps" }, "isSlow: expected true or false"],
  [{ count: 1, tone: "shrill" }, "tone: expected one of low, high"],
  [{ count: 1, text: 5 }, "text: expected a text"],
  [{ count: 1, levle: 5 }, 'it takes no "levle"; did you mean "level"?'],
])("arguments that it does not take: %j", (given, fault) => {
  expect(run([ECHO], "echo", given)).toEqual({ status: "bad-arguments", value: fault });
});

test("an unknown command, and one that throws", () => {
  expect(run([ECHO], "ehco")).toEqual({
    status: "unknown-command",
    value: 'there is no command "ehco"; did you mean "echo"?',
  });
  expect(run([FAULTY], "faulty")).toEqual({ status: "failed", value: "Error: no lamp" });
});

test("commands are listed, with what they take", () => {
  const commands = itemsOf([ECHO, FAULTY], "commands");
  expect(commands.map((command) => command.get("name"))).toEqual(["commands", "echo", "faulty"]);
  const [count] = commands[1]!.get("parameters") as Map<string, CborValue>[];
  expect(Object.fromEntries(count!)).toEqual({
    name: "count",
    kind: "integer",
    help: "how often",
    unit: "times",
    least: 1,
    most: 9,
  });
});

test("settings are listed in pages, secrets only as set or not", () => {
  const keeper = keeperOf(DEFAULT_SETTINGS);
  let changes = 0;
  const commands = settingsCommands(keeper, () => changes++);
  const secrets = { "wifi.password": "open sesame", key: "ab".repeat(32) };
  expect(run(commands, "set", { ...secrets, samplePeriodMs: 250 })).toEqual({
    status: "success",
    value: new Map<string, CborValue>([
      ["now", ["samplePeriodMs"]],
      ["afterRestart", ["wifi.password", "key"]],
    ]),
  });
  expect(changes).toBe(1);
  const settings = itemsOf(commands, "settings");
  expect(settings.map((setting) => setting.get("key"))).toEqual(
    settingRows().map(({ key }) => key),
  );
  for (const secret of Object.values(secrets)) {
    expect(JSON.stringify(settings.map((setting) => [...setting]))).not.toContain(secret);
  }
  expect(settings.find((setting) => setting.get("key") === "key")!.get("secret")).toBe("set");
  expect(run(commands, "set")).toMatchObject({ status: "bad-arguments" });
  expect(run(commands, "reset-settings", { setting: "key" })).toMatchObject({ status: "success" });
  expect(keeper.list().find(({ row }) => row.key === "key")!.isChanged).toBe(false);
});
