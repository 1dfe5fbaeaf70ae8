// The programs of the teaching documents, taken out of them at run time. The documents are not part of
// this repository; where they are not beside it, the tests against them are skipped and say so.

import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const FOLDER = new URL("../../../../shared/seeds/", import.meta.url);

const FILES = {
  messages: "000_4da0d6eabd286626.txt",
  slides: "001_0bf6c67fb8e0aa89.txt",
  echo: "002_6a7600613cb8fb26.txt",
  sensors: "003_9928b02eddb77ec8.txt",
  notebook: "004_e92a07c83fb35da0.txt",
} as const;

type Document = keyof typeof FILES;

function textOf(document: Document): string | undefined {
  try {
    return readFileSync(new URL(FILES[document], FOLDER), "utf8");
  } catch {
    return undefined;
  }
}

export const hasDocuments = Object.keys(FILES).every(
  (document) => textOf(document as Document) !== undefined,
);

/** The document's pieces of code: between fences, and behind the prompts of a notebook. */
function piecesOf(document: Document): string[] {
  const text = textOf(document)!;
  const fence = /^(?:```|~~~)\w*\n(.*?)^(?:```|~~~)/gms;
  const prompt = /^In \[[\d ]*(?:None)?\]:\n(.*?)(?=^#{2,3} )/gms;
  const pieces = [...text.matchAll(document === "notebook" ? prompt : fence)];
  return pieces.map((match) => match[1]!);
}

/** The first piece in which all of these stand. */
export function pieceWith(document: Document, ...words: readonly string[]): string {
  const piece = piecesOf(document).find((text) => words.every((word) => text.includes(word)));
  if (piece === undefined) throw new Error(`${document} has no code with ${words.join(", ")}`);
  return piece;
}

/** All pieces that follow one another from the one with these words to the one with those. */
export function piecesBetween(document: Document, from: string, to: string): string {
  const pieces = piecesOf(document);
  const first = pieces.findIndex((text) => text.includes(from));
  const last = pieces.findIndex((text, index) => index >= first && text.includes(to));
  if (first < 0 || last < 0) throw new Error(`${document} has no code from ${from} to ${to}`);
  return pieces.slice(first, last + 1).join("");
}

/** On this computer, at this port, without its pauses; a server says when it listens. */
export function prepared(program: string, port: number): string {
  return program
    .replace(/^(\s*(?:HOST|host) = ).*$/gm, "$1'127.0.0.1'")
    .replace(/^(\s*(?:PORT|port) = )\d+/gm, `$1${port}`)
    .replace(/time\.sleep\(1\)/g, "time.sleep(0.02)")
    .replace(/^(\s*)(\S+)\.listen\((\w*)\)/gm, "$1$2.listen($3); print('LISTENING')");
}

/** A port that is free just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
