// Output of programs as tests look at it.

/** Parses every line as JSON. Throws where one is not. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return linesOf(text).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The lines of a text that ends with a newline, or is empty. */
export function linesOf(text: string): string[] {
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Error(`the last line has no end: ${text.slice(-80)}`);
  return text.slice(0, -1).split("\n");
}

/** True where nothing in the text could steer a terminal. */
export function isHarmless(text: string): boolean {
  return !/[^\P{Cc}\n]|[\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(text);
}
