// The device that a plain client's readings are filed under: a name made from where it is, where it
// came to, or what it says.

import { isName } from "../../shared/channel.ts";
import type { Scalar } from "./row.ts";

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** What stands in braces. */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => match[1]!);
}

/** Names of the fields that a template needs. */
export function fieldsOf(template: string): string[] {
  return placeholdersOf(template)
    .filter((place) => place.startsWith("field:"))
    .map((place) => place.slice("field:".length));
}

export interface NameParts {
  /** Where the client is: an address, or the name of a serial port. */
  readonly address: string;
  /** The port of ours that it came to. */
  readonly port: number;
  readonly values: ReadonlyMap<string, Scalar>;
}

/** The device's name; undefined where a field is missing or the result is no name. */
export function deviceNameOf(template: string, parts: NameParts): string | undefined {
  let isWhole = true;
  const name = template.replace(PLACEHOLDER, (_whole, place: string) => {
    if (place === "address") return parts.address;
    if (place === "port") return String(parts.port);
    const value = parts.values.get(place.slice("field:".length));
    isWhole &&= typeof value === "string" || typeof value === "number";
    return String(value);
  });
  return isWhole && isName(name) ? name : undefined;
}
