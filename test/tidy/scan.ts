// A scanner for our own TypeScript, just good enough for the executable style guide: blanks comments
// and the insides of strings, and keeps every line where it is. Not a parser: what it would get wrong, the
// formatter does not produce. Rules that need more read a syntax tree (preload-traps.ts).

export interface Scan {
  /** The source with comments, the insides of strings and regular expressions blanked, as long as the source. */
  readonly code: string;
}

/** What may stand before a regular expression; after anything else a slash divides. */
const BEFORE_EXPRESSION = /(^|[(,=:[!&|?{};+<>~^%*-]|\b(return|typeof|case|in|of|yield|await))\s*$/;

export function scan(source: string): Scan {
  const code = source.split("");
  /** Braces open within each template's `${`, innermost last. */
  const templates: number[] = [];
  let at = 0;

  const blankTo = (end: number) => {
    for (; at < end; at++) if (code[at] !== "\n") code[at] = " ";
  };
  const blankTemplate = () => {
    let end = at;
    while (end < source.length && source[end] !== "`" && !source.startsWith("${", end)) {
      end += source[end] === "\\" ? 2 : 1;
    }
    const isHole = source.startsWith("${", end);
    blankTo(end + (isHole ? 2 : 0));
    if (isHole) templates.push(0);
    else at++;
  };

  while (at < source.length) {
    const character = source[at]!;
    if (source.startsWith("//", at)) blankTo(endOf(source, at, "\n"));
    else if (source.startsWith("/*", at)) blankTo(endOf(source, at + 2, "*/") + 2);
    else if (character === '"' || character === "'") {
      at++;
      blankTo(endOfQuoted(source, at, character));
      at++;
    } else if (character === "`") {
      at++;
      blankTemplate();
    } else if (
      character === "/" &&
      BEFORE_EXPRESSION.test(code.slice(Math.max(0, at - 40), at).join(""))
    ) {
      const end = endOfExpression(source, at + 1);
      const flags = /^[a-z]*/.exec(source.slice(end, end + 10))![0];
      blankTo(end + flags.length);
    } else if (character === "}" && templates.at(-1) === 0) {
      templates.pop();
      blankTo(at + 1);
      blankTemplate();
    } else {
      const change = character === "{" ? 1 : character === "}" ? -1 : 0;
      if (templates.length > 0) templates[templates.length - 1]! += change;
      at++;
    }
  }
  return { code: code.join("") };
}

function endOf(source: string, from: number, mark: string): number {
  const end = source.indexOf(mark, from);
  return end < 0 ? source.length : end;
}

function endOfQuoted(source: string, from: number, quote: string): number {
  let end = from;
  while (end < source.length && source[end] !== quote) end += source[end] === "\\" ? 2 : 1;
  return end;
}

/** Behind the closing slash; one within a class of characters closes nothing. */
function endOfExpression(source: string, from: number): number {
  let isInClass = false;
  let end = from;
  for (; end < source.length && (isInClass || source[end] !== "/"); end++) {
    if (source[end] === "\\") end++;
    else if (source[end] === "[") isInClass = true;
    else if (source[end] === "]") isInClass = false;
  }
  return end + 1;
}

/** Line numbers count from 1. */
export function lineAt(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}

/** Functions and methods by their bodies: the line of the opening brace, and how many lines they span. */
export function functionBodies(code: string): { line: number; lines: number }[] {
  const bodies: { line: number; lines: number }[] = [];
  const open: { at: number; line: number }[] = [];
  let line = 1;
  for (let at = 0; at < code.length; at++) {
    if (code[at] === "\n") line++;
    if (code[at] === "{") open.push({ at, line });
    if (code[at] !== "}") continue;
    const start = open.pop();
    if (start === undefined || !isBody(code, start.at)) continue;
    bodies.push({ line: start.line, lines: line - start.line + 1 });
  }
  return bodies;
}

/** A brace behind `=>`, behind a parenthesis, or behind a return type; that of an `if` is within a function anyway. */
function isBody(code: string, at: number): boolean {
  const before = code.slice(Math.max(0, at - 300), at);
  return /(=>|\))\s*$|\)\s*:[^;{}()]*$|\}\s*$/.test(before);
}
