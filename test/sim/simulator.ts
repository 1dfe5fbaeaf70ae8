// Runs worlds one after the other: puts virtual globals and spies in place once for all of them, and
// takes them away at the end. Bugs are planted here, below the spies.

import { installSpies } from "./spies.ts";
import { installVirtualGlobals } from "./virtual-globals.ts";
import { runWorld, type Verdict, type WorldOptions, type WorldParts } from "./world.ts";

/** A bug that is planted on purpose. */
export interface Bug {
  readonly name: string;
  /** Changes the code under test. Returns what changes it back. */
  readonly plant?: () => () => void;
  /** Stands in for parts of the world. */
  readonly parts?: Partial<WorldParts>;
}

export class Simulator {
  readonly #parts: Partial<WorldParts>;
  readonly #hasFiles: boolean;
  readonly #undo: (() => void)[] = [];

  /** `hasFiles`: files go both ways beside the readings. */
  constructor(bug?: Bug, hasFiles = false) {
    this.#hasFiles = hasFiles;
    this.#parts = bug?.parts ?? {};
    if (bug?.plant !== undefined) this.#undo.push(bug.plant());
    this.#undo.push(installSpies(), installVirtualGlobals());
  }

  run(options: Omit<WorldOptions, "parts" | "hasFiles">): Promise<Verdict> {
    return runWorld({ ...options, parts: this.#parts, hasFiles: this.#hasFiles });
  }

  /** Everything is as it was before. */
  dispose(): void {
    for (const undo of this.#undo.reverse()) undo();
  }
}
