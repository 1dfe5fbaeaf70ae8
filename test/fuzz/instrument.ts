// Puts a counter at each place of a module where control may go one way or another, and takes fuel for
// each call and each round of a loop. The counters tell the fuzzer that an input did something new;
// the fuel ends what would never end, at the same step on every machine.

import { parse } from "acorn";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [part: string]: unknown;
}

interface Insertion {
  readonly at: number;
  /** Among those at one place. */
  readonly order: number;
  readonly text: string;
}

/** The names under which a bundle finds what it counts with; see bundle.ts. */
export const HITS = "fuzzHits";
export const SPEND = "fuzzSpend";

const FUNCTIONS = ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"];
const LOOPS = [
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
];

export interface Instrumented {
  readonly code: string;
  readonly counters: number;
  /** Texts that the module names: keys, magic words. */
  readonly texts: ReadonlySet<string>;
}

/** `code` with counters from number `firstCounter` on. */
export function instrument(code: string, firstCounter: number): Instrumented {
  const marker = new Marker(firstCounter);
  marker.visit(parse(code, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Node);
  const { texts } = marker;
  return { code: marker.applyTo(code), counters: marker.next - firstCounter, texts };
}

class Marker {
  next: number;
  readonly texts = new Set<string>();
  readonly #insertions: Insertion[] = [];

  constructor(firstCounter: number) {
    this.next = firstCounter;
  }

  visit(node: Node): void {
    this.#mark(node);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) this.visit(child);
      }
    }
  }

  applyTo(code: string): string {
    const sorted = this.#insertions.toSorted((a, b) => a.at - b.at || a.order - b.order);
    let marked = "";
    let position = 0;
    for (const { at, text } of sorted) {
      marked += code.slice(position, at) + text;
      position = at;
    }
    return marked + code.slice(position);
  }

  #mark(node: Node): void {
    if (FUNCTIONS.includes(node.type)) this.#markBody(node.body as Node, `${SPEND}()`);
    else if (LOOPS.includes(node.type)) this.#markBody(node.body as Node, `${SPEND}()`);
    else if (node.type === "IfStatement") this.#markIf(node);
    else if (node.type === "ConditionalExpression") {
      this.#markExpression(node.consequent as Node);
      this.#markExpression(node.alternate as Node);
    } else if (node.type === "LogicalExpression") this.#markExpression(node.right as Node);
    else if (node.type === "SwitchCase") this.#markCase(node);
    else if (node.type === "CatchClause") this.#markBody(node.body as Node);
    else if (typeof node.value === "string") this.texts.add(node.value);
  }

  #markIf({ consequent, alternate, end }: Node): void {
    if (isNode(alternate)) this.#markBody(alternate);
    else this.#insert(end, ` else {${this.#count()};}`, "closes");
    this.#markBody(consequent as Node);
  }

  #markCase({ consequent }: Node): void {
    const [first] = consequent as Node[];
    if (first !== undefined) this.#insert(first.start, `${this.#count()};`);
  }

  /** A block gets the counter in it, another statement gets a block, an expression a comma. */
  #markBody(body: Node, before?: string): void {
    const parts = before === undefined ? [this.#count()] : [before, this.#count()];
    if (body.type === "BlockStatement") this.#insert(body.start + 1, `${parts.join(";")};`);
    else if (body.type.endsWith("Statement")) this.#wrap(body, `{${parts.join(";")};`, "}");
    else this.#wrap(body, `(${parts.join(",")},`, ")");
  }

  #markExpression(expression: Node): void {
    this.#wrap(expression, `(${this.#count()},`, ")");
  }

  #wrap({ start, end }: Node, before: string, after: string): void {
    this.#insert(start, before);
    this.#insert(end, after, "closes");
  }

  /** Outer nodes come here first: of what closes at one place, the last to come goes first. */
  #insert(at: number, text: string, side: "opens" | "closes" = "opens"): void {
    const turn = this.#insertions.length;
    this.#insertions.push({ at, order: side === "opens" ? turn : -1 - turn, text });
  }

  #count(): string {
    return `${HITS}[${this.next++}]++`;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
