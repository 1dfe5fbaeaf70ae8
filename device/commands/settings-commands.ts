// Commands that show and change the settings. What is secret is taken and never given.

import type { CborValue } from "../../shared/message/cbor.ts";
import type { ChangeOutcome, ListedSetting, SettingsKeeper } from "../settings-keeper.ts";
import type { SettingTexts } from "../settings-record.ts";
import type { Arguments, Command, Reply } from "./command.ts";
import { FROM, pageOf } from "./page.ts";

/** `handleChange`: settings are in effect that were not before. */
export function settingsCommands(keeper: SettingsKeeper, handleChange: () => void): Command[] {
  const answer = (outcome: ChangeOutcome, reply: Reply) => {
    if (!outcome.ok) {
      reply.handleFailure("bad-arguments", outcome.fault);
      return;
    }
    if (outcome.atOnce.length > 0) handleChange();
    reply.handleSuccess(
      new Map<string, CborValue>([
        ["now", outcome.atOnce],
        ["afterRestart", outcome.later],
      ]),
    );
  };
  return [
    {
      name: "settings",
      help: "lists the settings",
      parameters: [FROM],
      run: (given, reply) => {
        const settings = keeper.list();
        const itemAt = (index: number) => describeSetting(settings[index]!);
        reply.handleSuccess(pageOf(settings.length, itemAt, given));
      },
    },
    {
      name: "set",
      help: "changes settings, all of them or none, and keeps them",
      parameters: [],
      others: "SETTING=VALUE ...",
      run: (given, reply) => {
        if (given.size === 0) reply.handleFailure("bad-arguments", "name a setting and its value");
        else answer(keeper.change(textsOf(given)), reply);
      },
    },
    {
      name: "reset-settings",
      help: "undoes changes of settings: of one, or of all",
      parameters: [
        { name: "setting", kind: "text", help: "its name; all without", isOptional: true },
      ],
      run: (given, reply) => {
        const name = given.get("setting");
        answer(keeper.reset(name === undefined ? [] : [String(name)]), reply);
      },
    },
  ];
}

function textsOf(given: Arguments): SettingTexts {
  const texts: Record<string, string> = {};
  for (const [key, value] of given) texts[key] = String(value);
  return texts;
}

function describeSetting({ row, text, isChanged, isPending }: ListedSetting): CborValue {
  const fields: [string, CborValue][] = [["key", row.key]];
  if (row.isSecret) fields.push(["secret", text === "" ? "not set" : "set"]);
  else fields.push(["value", text]);
  fields.push(["help", row.help], ["expected", row.expected]);
  if (isChanged) fields.push(["changed", true]);
  if (isPending) fields.push(["pending", true]);
  return new Map(fields);
}
