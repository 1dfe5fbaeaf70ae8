// What commands and their results say: CBOR within a bound. PROTOCOL 4.11.

import { isName } from "../channel.ts";
import { COMMAND_BODY_BYTES_MAX } from "../limits.ts";
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from "../message/cbor.ts";

/** The command after which a device begins anew: that it did is its success. */
export const RESTART_COMMAND = "restart";

/** What a command asks for. */
export interface CommandRequest {
  readonly name: string;
  readonly arguments: CborMap;
}

/** The body of a command; undefined where it is too long. */
export function encodeRequest(request: CommandRequest): Uint8Array | undefined {
  const map = new Map<string, CborValue>([
    ["name", request.name],
    ["arguments", request.arguments],
  ]);
  return withinBound(encodeCbor(map));
}

/** What a command's body asks for; undefined where it is none. */
export function decodeRequest(body: Uint8Array): CommandRequest | undefined {
  const map = decodeCbor(body);
  if (!(map instanceof Map)) return undefined;
  const name = map.get("name");
  const given = map.get("arguments");
  if (typeof name !== "string" || !isName(name) || !(given instanceof Map)) return undefined;
  return { name, arguments: given };
}

/** The body of a result; undefined where it is too long. Throws on what CBOR cannot carry. */
export function encodeValue(value: CborValue): Uint8Array | undefined {
  return withinBound(encodeCbor(value));
}

/** Of a reason, in UTF-16 units: each takes at most three bytes of COMMAND_BODY_BYTES_MAX, and its head three. */
const REASON_LENGTH_MAX = 332;

/** The body of a result that says why; what is too long is cut. */
export function encodeReason(text: string): Uint8Array {
  return encodeCbor(text.slice(0, REASON_LENGTH_MAX));
}

/** The value in a result's body; null where it is none. */
export function decodeValue(body: Uint8Array): CborValue {
  return decodeCbor(body) ?? null;
}

function withinBound(body: Uint8Array): Uint8Array | undefined {
  return body.length > COMMAND_BODY_BYTES_MAX ? undefined : body;
}
