// Arguments against what a command takes. A value may come as its kind or as the text that a person would
// write for it, so that a command line needs to know nothing of kinds.

import type { CborMap, CborValue } from "../../shared/message/cbor.ts";
import type { Arguments, ArgumentValue, Command, Parameter } from "./command.ts";
import { didYouMean } from "./nearest.ts";

export type Checked =
  | { readonly ok: true; readonly values: Arguments }
  | { readonly ok: false; readonly fault: string };

export function checkArguments({ parameters, others }: Command, given: CborMap): Checked {
  const values = new Map<string, ArgumentValue>();
  for (const [name, value] of given) {
    const parameter = parameters.find((each) => each.name === name);
    if (parameter === undefined && others === undefined) return refused(unknown(name, parameters));
    const taken = parameter === undefined ? takeOther(value) : takeValue(parameter, value);
    if (taken === undefined) return refused(`${name}: expected ${expectedOf(parameter)}`);
    values.set(name, taken);
  }
  const missing = parameters.find(({ name, isOptional }) => !isOptional && !values.has(name));
  return missing === undefined ? { ok: true, values } : refused(`${missing.name} is missing`);
}

function refused(fault: string): Checked {
  return { ok: false, fault };
}

function unknown(name: string, parameters: readonly Parameter[]): string {
  const names = parameters.map((each) => each.name);
  if (names.length === 0) return `it takes no arguments, so no "${name}"`;
  return `it takes no "${name}"${didYouMean(name, names)}`;
}

function takeOther(value: CborValue): ArgumentValue | undefined {
  return value === null || typeof value === "object" ? undefined : String(value);
}

/** Undefined where the parameter does not take it. */
function takeValue(parameter: Parameter, value: CborValue): ArgumentValue | undefined {
  switch (parameter.kind) {
    case "text":
      return typeof value === "string" ? value : undefined;
    case "boolean":
      return takeBoolean(value);
    case "enumeration":
      return parameter.labels?.find((label) => label === value);
    default:
      return takeNumber(parameter, value);
  }
}

function takeBoolean(value: CborValue): boolean | undefined {
  if (value === true || value === "true" || value === "yes" || value === "on") return true;
  if (value === false || value === "false" || value === "no" || value === "off") return false;
  return undefined;
}

function takeNumber({ kind, least, most }: Parameter, value: CborValue): number | undefined {
  const isWritten = typeof value === "string" && value.trim() !== "";
  const number = isWritten ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) return undefined;
  if (kind === "integer" && !Number.isInteger(number)) return undefined;
  if (number < (least ?? number) || number > (most ?? number)) return undefined;
  return number;
}

function expectedOf(parameter: Parameter | undefined): string {
  if (parameter === undefined) return "a text";
  const { kind, least, most, unit, labels } = parameter;
  if (kind === "enumeration") return `one of ${labels?.join(", ")}`;
  if (kind === "boolean") return "true or false";
  if (kind === "text") return "a text";
  const bounds = [
    ...(least === undefined ? [] : [` from ${least}`]),
    ...(most === undefined ? [] : [` to ${most}`]),
  ];
  const what = kind === "integer" ? "a whole number" : "a number";
  return `${what}${bounds.join("")}${unit === undefined ? "" : ` ${unit}`}`;
}
