// The name that somebody probably meant.

/** Longer ones are not compared: nobody mistypes so much, and a board has other things to do. */
const WRITTEN_LENGTH_MAX = 40;

/** `; did you mean "x"?`, or nothing where no name is near. */
export function didYouMean(written: string, names: readonly string[]): string {
  if (written.length > WRITTEN_LENGTH_MAX) return "";
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const name of names) {
    const distance = distanceOf(written.toLowerCase(), name.toLowerCase());
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

/** Letters that must be put in, left out or replaced (Levenshtein 1965). */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}
