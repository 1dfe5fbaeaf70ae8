// Which names files may have, so that none leaves its folder and each can be kept by any system:
// PROTOCOL 7.11.

import { isName } from "../channel.ts";

/** Windows knows these as devices, whatever follows behind a dot. */
const RESERVED = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/** What some file system takes for more than a character of a name. */
const SPECIAL = '<>:"/\\|?*';

/** What is wrong with a file's name, for people; undefined where nothing is. */
export function fileNameFault(name: string): string | undefined {
  if (!isName(name)) return "a name has 1 to 64 bytes and no control characters";
  for (const character of SPECIAL) {
    if (name.includes(character)) return `a name has none of ${SPECIAL}`;
  }
  if (isEdge(name[0]!) || isEdge(name[name.length - 1]!)) {
    return "a name neither begins nor ends with a dot or a space";
  }
  return isReserved(name) ? "a name that Windows keeps for itself" : undefined;
}

function isEdge(character: string): boolean {
  return character === "." || character === " ";
}

function isReserved(name: string): boolean {
  const stem = name.toLowerCase().split(".")[0]!.trim();
  return RESERVED.includes(stem) || /^(com|lpt)[0-9¹²³]$/.test(stem);
}
