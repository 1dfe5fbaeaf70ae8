// Why an exception restarted the machine: written down before the restart, told to the collector in the
// first greeting after it (`reset`, PROTOCOL 4.2), forgotten once a collector has it. And how many such
// restarts followed each other: a firmware that fails again and again waits longer and longer before it
// samples, so that it can be reached meanwhile, and then writes no more than it must, which flash endures.

import { utf8Length } from "../../shared/bytes/utf8.ts";
import { TEXT_BYTES_MAX } from "../../shared/limits.ts";
import type { KeyValueStorage } from "./storage.ts";

const KEY = "crash";

/** The second crash in a row waits so long, each further one twice as long. */
const PAUSE_MS_MIN = 5_000;
const PAUSE_MS_MAX = 600_000;
/** In a row; further ones are not counted, and so not written. */
const CRASHES_MAX = 9;

/** Functions that a crash names, the innermost first. */
const FRAMES_MAX = 3;

export class CrashRecord {
  readonly #storage: KeyValueStorage | undefined;
  /** What is kept: crashes in a row, and the reason of the last one where no collector has it. */
  #crashes = 0;
  #reason = "";
  #hasCrashed = false;

  /** Without storage every crash is the first, and nobody learns of it. */
  constructor(storage: KeyValueStorage | undefined) {
    this.#storage = storage;
    const [crashes, reason] = /^(\d) (.*)$/.exec(this.#read())?.slice(1) ?? ["0", ""];
    this.#crashes = Number(crashes);
    this.#reason = reason!;
  }

  /** How long to wait after the start before anything is measured. */
  get pauseMs(): number {
    if (this.#crashes < 2) return 0;
    return Math.min(PAUSE_MS_MIN * 2 ** (this.#crashes - 2), PAUSE_MS_MAX);
  }

  /** The text of a greeting: the reason that waits, where there is one, and the machine's own; of at most 256 bytes. */
  resetText(resetReason: string): string {
    if (this.#reason === "") return resetReason;
    const end = `; ${resetReason}`;
    const most = TEXT_BYTES_MAX - utf8Length(end);
    let reason = this.#reason;
    while (utf8Length(reason) > most) reason = reason.slice(0, -1);
    return reason + end;
  }

  /** To be called before the restart; never throws. Only the first of a life counts: others follow from it. */
  handleCrash(error: unknown, kind = "exception"): void {
    if (this.#hasCrashed) return;
    this.#hasCrashed = true;
    this.#keep(Math.min(this.#crashes + 1, CRASHES_MAX), `${kind}: ${describe(error)}`);
  }

  /** A collector has the reason. */
  handleDelivered(): void {
    if (!this.#hasCrashed) this.#keep(this.#crashes, "");
  }

  /** The firmware has run for so long that it will not crash at once again. */
  handleSteady(): void {
    if (!this.#hasCrashed) this.#keep(0, this.#reason);
  }

  #read(): string {
    try {
      return this.#storage?.read(KEY) ?? "";
    } catch {
      return "";
    }
  }

  #keep(crashes: number, reason: string): void {
    if (crashes === this.#crashes && reason === this.#reason) return;
    this.#crashes = crashes;
    this.#reason = reason;
    try {
      if (crashes === 0 && reason === "") this.#storage?.delete(KEY);
      else this.#storage?.write(KEY, `${crashes} ${reason}`);
    } catch {
      // a storage that fails must not keep the machine from restarting
    }
  }
}

/** The error and where it came from. A release build knows the names of functions, a debug build files and lines. */
function describe(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.split("\n").map(placeOf).filter(Boolean).slice(0, FRAMES_MAX);
  const where = frames.length === 0 ? "" : ` (${frames.join(" < ")})`;
  const text = printable(String(error)).slice(0, TEXT_BYTES_MAX - Math.min(where.length, 100));
  return (text + printable(where)).slice(0, TEXT_BYTES_MAX);
}

/** Of a line such as "at read (/senda/device/sampler.ts:62)": "sampler.ts:62", else "read", else "". */
function placeOf(line: string): string {
  const [, name, path] = /^\s*at (?:(.*?) ?\()?([^()]*)\)?$/.exec(line) ?? [];
  return path === undefined || path === "" ? (name ?? "") : path.slice(path.lastIndexOf("/") + 1);
}

/** What no greeting can be refused for: no control characters, no halves of characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\ud7ff]+/g, " ");
}
