// The name of a device's folder: any two devices have two, on any file system, also where it takes large
// and small letters for the same.

import { fileNameFault } from "../../shared/blob/name.ts";

const PLAIN = /^[a-z0-9_-]$/;

export function deviceFolder(device: string): string {
  const bytes = [...Buffer.from(device)].map((byte) => {
    const character = String.fromCharCode(byte);
    return PLAIN.test(character) ? character : escaped(byte);
  });
  const name = bytes.join("");
  const isKept = name.length <= 64 && fileNameFault(name) !== undefined;
  return isKept ? escaped(Buffer.from(device)[0]!) + name.slice(1) : name;
}

function escaped(byte: number): string {
  return `%${byte.toString(16).padStart(2, "0")}`;
}
