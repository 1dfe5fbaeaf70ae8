// Commands as text, for people and for what is kept of them: without what is secret.

import type { CommandRequest } from "../../shared/command/body.ts";
import { jsonOf } from "../store/value.ts";
import { jsonText } from "../terminal/printable.ts";

/** Names of arguments whose values are nobody's to read. */
const SECRET = /^key$|password|secret|token/i;

/** `set host="10.0.0.2" key=(secret)` */
export function requestText({ name, arguments: given }: CommandRequest): string {
  const parts = [...given].map(([key, value]) => {
    return `${key}=${SECRET.test(key) ? "(secret)" : jsonText(jsonOf(value))}`;
  });
  return [name, ...parts].join(" ");
}
