// What one look at this computer found.

/** "problem" keeps the collector from running; a "note" is good to know. */
export type CheckState = "ok" | "note" | "problem";

export interface Check {
  /** What was looked at, in a word or two. */
  readonly name: string;
  readonly state: CheckState;
  /** What was found. */
  readonly text: string;
  /** One line of what to do, where something should be done. */
  readonly advice?: string;
}

export function ok(name: string, text: string): Check {
  return { name, state: "ok", text };
}

export function note(name: string, text: string, advice: string): Check {
  return { name, state: "note", text, advice };
}

export function problem(name: string, text: string, advice: string): Check {
  return { name, state: "problem", text, advice };
}

/** The first line of an error's text: what follows in some is a stack of paths. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]!;
}
