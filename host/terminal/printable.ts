// Text from outside on its way to a terminal: control characters, which could move the cursor, set
// titles or worse, are shown as symbols instead.

/** C0 and C1 controls, delete, and those that turn the direction of writing. */
const CONTROLS = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** `text` with controls shown: U+2400 and on for C0, U+2421 for delete, U+FFFD for the others. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}
