// How many columns of a terminal a text takes. Terminals do not agree on every emoji; this follows
// Unicode's East Asian Width (UAX 11) and takes a grapheme for as wide as its first character.

const ASCII = /^[\x20-\x7e]*$/;

/** Scripts and blocks of East Asian Width W and F, as far as names and units may use them. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const HALF_WIDTH_FORMS = /^[\uff61-\uffdc]/;
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]/u;

/** Asks for the form of an emoji that is a picture, which is wide. */
const EMOJI_SELECTOR = "\ufe0f";

/** Columns that `text`, which is printable, takes. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` in at most `width` columns; where something had to go, "…" ends it. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return "";
  let kept = "";
  let used = 1;
  for (const { segment } of graphemes(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** `text` filled up with spaces to `width` columns; longer text stays as it is. */
export function pad(text: string, width: number, align: "left" | "right"): string {
  const spaces = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + spaces : spaces + text;
}

/** `text` in lines of at most `width` columns, broken at spaces; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(" ")) {
    const longer: string = line === undefined ? word : `${line} ${word}`;
    if (line === undefined || displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  return [...lines, line ?? ""];
}

function graphemes(text: string): Intl.Segments {
  return new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text);
}

function graphemeWidth(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  if (grapheme.includes(EMOJI_SELECTOR)) return 2;
  return WIDE.test(grapheme) && !HALF_WIDTH_FORMS.test(grapheme) ? 2 : 1;
}
