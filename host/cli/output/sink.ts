// Where lines go, with back-pressure: nothing is made faster than it is taken, so memory stays the
// same however much there is. Text is gathered into pieces that are worth a system call.

import { once } from "node:events";
import { fstatSync, writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { printableLines } from "../../terminal/printable.ts";

const PIECE_CHARS = 256 * 1024;

/** Takes text. To be awaited whenever `add` says so, and once at the end. */
export class LineSink {
  /** Bytes that were handed over to the system. */
  bytes = 0;
  readonly #writePiece: (piece: string) => Promise<number>;
  #pending: string[] = [];
  #pendingChars = 0;

  constructor(writePiece: (piece: string) => Promise<number>) {
    this.#writePiece = writePiece;
  }

  /** Adds text. True where it is time to `flush`. */
  add(text: string): boolean {
    this.#pending.push(text);
    this.#pendingChars += text.length;
    return this.#pendingChars >= PIECE_CHARS;
  }

  /** Resolves once all text is taken. Rejects where it cannot be written. */
  async flush(): Promise<void> {
    const piece = this.#pending.join("");
    this.#pending = [];
    this.#pendingChars = 0;
    if (piece === "") return;
    this.bytes += await this.#writePiece(piece);
    await nextTurn(); // or signals would wait for the end
  }
}

/**
 * Standard output. A pipe is waited for; a file is written to directly, so that a full disk is an
 * error that can be caught rather than an event. `foreign` text is made printable on a terminal.
 */
export function standardOutput(content: "own" | "foreign" = "own"): LineSink {
  const { stdout } = process;
  if (stdout.isTTY) {
    const onTerminal = content === "own" ? (text: string) => text : printableLines;
    return new LineSink((piece) => writeStream(stdout, onTerminal(piece)));
  }
  const stats = fstatSync(stdout.fd);
  const isDirect = stats.isFile() || stats.isCharacterDevice();
  if (!isDirect) return new LineSink((piece) => writeStream(stdout, piece));
  return new LineSink(async (piece) => writeWhole(stdout.fd, Buffer.from(piece)));
}

/** A file that is open for writing; the caller closes it. */
export function fileSink(file: FileHandle): LineSink {
  return new LineSink(async (piece) => {
    const bytes = Buffer.from(piece);
    await file.writeFile(bytes); // goes on where the last one ended, until all is written
    return bytes.length;
  });
}

async function writeStream(stream: NodeJS.WriteStream, text: string): Promise<number> {
  if (!stream.write(text)) await once(stream, "drain");
  return Buffer.byteLength(text);
}

function writeWhole(descriptor: number, bytes: Buffer): number {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  return written;
}
