// Where an export goes. A file comes to its name only when it is whole: until then it stands beside
// it as NAME.part, and an export that fails takes that away again.

import { statSync } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { CommandFailure } from "../failure.ts";
import { fileSink, type LineSink, standardOutput } from "./sink.ts";

/** By the code of the system's error: what to do. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; make room or choose another with --output",
  EDQUOT: "your share of the disk is used up; make room or choose another with --output",
  EFBIG: "the file would be larger than is allowed; export less at a time with --from and --to",
  ENOENT: "its directory does not exist; make it first",
  ENOTDIR: "its directory is none; choose another",
  EISDIR: "it is a directory; name a file in it",
  EACCES: "no permission; choose another place, or change its mode",
  EPERM: "no permission; choose another place, or change its mode",
  EROFS: "the disk cannot be written to; choose another",
  EIO: "the disk fails; look at the system's log",
};

export interface ExportTarget {
  readonly name: string;
  readonly sink: LineSink;
  readonly isFile: boolean;
  /** All is written: makes it last, and gives the file its name. */
  finish(): Promise<void>;
  /** Takes away what was written, where that can be. */
  abandon(): Promise<void>;
  /** `error` in words that say what there is now; errors that are not about writing stay as they are. */
  describe(error: unknown, written: string): unknown;
}

/** Opens `path`, or standard output where it is undefined. Throws a CommandFailure where that cannot be. */
export async function openTarget(path: string | undefined, force: boolean): Promise<ExportTarget> {
  if (path === undefined) return new StandardTarget();
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) {
    throw new CommandFailure(`export: ${path}: ${ADVICE.EISDIR}`);
  }
  if (stats?.isFile() && !force) {
    throw new CommandFailure(
      `export: ${path} exists; name another file, or replace it with --force`,
    );
  }
  const isSpecial = stats !== undefined && !stats.isFile();
  const partPath = isSpecial ? path : `${path}.part`;
  try {
    return new FileTarget(path, partPath, await open(partPath, "w"));
  } catch (error) {
    throw writeFailure(`export: ${path} cannot be written`, error) ?? error;
  }
}

class StandardTarget implements ExportTarget {
  readonly name = "standard output";
  readonly isFile = false;
  readonly sink = standardOutput("foreign");

  async finish(): Promise<void> {}

  async abandon(): Promise<void> {}

  describe(error: unknown, written: string): unknown {
    const place = `export: standard output ended early, after at most ${written}`;
    return writeFailure(place, error) ?? withPrefix(error, `export: after ${written}`);
  }
}

class FileTarget implements ExportTarget {
  readonly name: string;
  readonly isFile = true;
  readonly sink: LineSink;
  readonly #partPath: string;
  readonly #file: FileHandle;

  constructor(name: string, partPath: string, file: FileHandle) {
    this.name = name;
    this.#partPath = partPath;
    this.#file = file;
    this.sink = fileSink(file);
  }

  async finish(): Promise<void> {
    if (this.#isSpecial) return await this.#file.close();
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#partPath, this.name);
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    if (!this.#isSpecial) await unlink(this.#partPath).catch(() => undefined);
  }

  describe(error: unknown, written: string): unknown {
    const fate = this.#isSpecial ? "" : ", which were taken away again";
    const place = `export: ${this.name} could not be written beyond ${written}${fate}`;
    return writeFailure(place, error) ?? withPrefix(error, `export: ${this.name} was not made`);
  }

  /** A device or a pipe: it has no parts and keeps its name. */
  get #isSpecial(): boolean {
    return this.#partPath === this.name;
  }
}

/** A sentence for an error of the system; undefined for any other error. */
function writeFailure(place: string, error: unknown): CommandFailure | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return undefined;
  const advice = Object.hasOwn(ADVICE, code) ? ADVICE[code]! : message;
  return new CommandFailure(`${place}: ${advice}`, undefined, error);
}

function withPrefix(error: unknown, prefix: string): unknown {
  if (!(error instanceof CommandFailure)) return error;
  return new CommandFailure(`${prefix}: ${error.message}`, error.exitCode, error);
}
