// Text from outside (device names, values, console lines) on its way to a terminal or a program.
// Names were checked when they came, texts were not, and a store may have been made by anyone: what
// could steer a terminal or turn a line around is written out instead.

/** Controls (C0, DEL, C1), line and paragraph separators, marks that change direction, lone surrogates. */
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

/** The same but for tab, line feed and carriage return. */
const STEERING_IN_LINES = /[^\P{Cc}\t\n\r]|[\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

/** Nothing to look for: by far the most there is. */
const PLAIN = /^[ -~]*$/;

/** `text` fit for one line of a terminal: \x1b and \u202e stand for what would steer it. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(STEERING, writtenOut);
}

/** `text` of several lines, fit for a terminal. */
export function printableLines(text: string): string {
  return text.replace(STEERING_IN_LINES, writtenOut);
}

/** `value` as one line of JSON. JSON lets DEL, C1 and direction marks stand as they are; here they are escaped, which changes no value. */
export function jsonLine(value: unknown): string {
  return `${jsonText(value)}\n`;
}

/** `value` as JSON that cannot steer a terminal. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (PLAIN.test(text)) return text;
  return text.replace(STEERING, (char) => `\\u${hexOf(char, 4)}`);
}

function writtenOut(char: string): string {
  return char.charCodeAt(0) < 0x100 ? `\\x${hexOf(char, 2)}` : `\\u${hexOf(char, 4)}`;
}

function hexOf(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, "0");
}
