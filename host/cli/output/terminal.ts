// What is known of where the output goes: its width, and whether colours are wanted.

import { styleText } from "node:util";

type Style = "bold" | "dim" | "red" | "yellow" | "green";

/** Puts `text` in a style, where the stream shows styles. */
export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal that has them; none for files and pipes, with NO_COLOR, and on TERM=dumb. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  const isPlain = !stream.isTTY || !stream.hasColors();
  return isPlain ? (_, text) => text : (style, text) => styleText(style, text);
}

/** Columns of the terminal; Infinity where it is none. */
export function widthOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY && stream.columns > 0 ? stream.columns : Number.POSITIVE_INFINITY;
}
