// What the preload rules need of a syntax tree: its nodes, which names a function or the module declares,
// and a walk that knows for each node which names mean what and whether it runs while the module loads.

import { parse } from "acorn";

/** A node of ESTree; what else it holds depends on its type. */
export interface TreeNode {
  readonly type: string;
  readonly start: number;
  readonly [part: string]: unknown;
}

/** Names that a function (or the module) declares at any depth; blocks are not told apart. */
interface Scope {
  readonly names: ReadonlySet<string>;
  readonly parent: Scope | undefined;
}

/** Where the walk is. */
export interface Place {
  readonly scope: Scope;
  /** This code runs while the module loads: before ROM is made, where there is no platform. */
  readonly isLoading: boolean;
  /** Of the class around it: what it extends, and whether `this` is the class itself. */
  readonly superclass: TreeNode | undefined;
  readonly isStatic: boolean;
}

/** Throws a SyntaxError for what is beyond ES2022. */
export function parseModule(code: string): TreeNode {
  return parse(code, { ecmaVersion: 2022, sourceType: "module" }) as unknown as TreeNode;
}

export function isNode(value: unknown): value is TreeNode {
  return typeof value === "object" && value !== null && "type" in value;
}

export function part(node: TreeNode, name: string): TreeNode | undefined {
  const value = node[name];
  return isNode(value) ? value : undefined;
}

/** Nodes right below, in the order of the source. */
function children(node: TreeNode): [string, TreeNode][] {
  return Object.entries(node).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter(isNode)
      .map((child): [string, TreeNode] => [name, child]),
  );
}

const FUNCTIONS = ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"];

function isFunction({ type }: TreeNode): boolean {
  return FUNCTIONS.includes(type);
}

/** Calls `visit` for every node that is code, outer ones first. */
export function walkModule(
  program: TreeNode,
  visit: (node: TreeNode, place: Place) => void,
): Scope {
  const scope = { names: new Set(declaredIn(program)), parent: undefined };
  const top = { scope, isLoading: true, superclass: undefined, isStatic: false };
  const walk = (node: TreeNode, place: Place): void => {
    visit(node, place);
    const within = placeWithin(node, place);
    for (const [name, child] of children(node)) {
      if (isLabel(node, name)) continue;
      walk(child, placeOf(node, name, child, within));
    }
  };
  walk(program, top);
  return scope;
}

function placeWithin(node: TreeNode, place: Place): Place {
  if (isFunction(node)) {
    const scope = { names: new Set(declaredIn(node)), parent: place.scope };
    return { ...place, scope };
  }
  const isClass = node.type === "ClassDeclaration" || node.type === "ClassExpression";
  return isClass ? { ...place, superclass: part(node, "superClass"), isStatic: false } : place;
}

/** Functions run later, unless they are called where they stand; fields of an instance run with its constructor. */
function placeOf(node: TreeNode, name: string, child: TreeNode, place: Place): Place {
  if (node.type === "StaticBlock") return { ...place, isStatic: true };
  if (node.type === "PropertyDefinition" && name === "value") {
    const isStatic = node.static === true;
    return { ...place, isStatic, isLoading: place.isLoading && isStatic };
  }
  if (node.type === "MethodDefinition" && name === "value") {
    return { ...place, isStatic: node.static === true, isLoading: false };
  }
  const isCalledHere = node.type === "CallExpression" && name === "callee";
  if (isFunction(child) && !isCalledHere) return { ...place, isLoading: false };
  return place;
}

/** Names that are no code: of properties, methods, labels, and what modules call each other's exports. */
function isLabel(node: TreeNode, name: string): boolean {
  if (/^(Import|Export)\w*Specifier$/.test(node.type)) return true;
  if (node.type === "MetaProperty") return true;
  if (name === "label") return true;
  if (node.computed === true) return false;
  const isKey = /^(Property|PropertyDefinition|MethodDefinition)$/.test(node.type);
  return (isKey && name === "key") || (node.type === "MemberExpression" && name === "property");
}

/** Names that this function or module declares, functions within it left out. */
function declaredIn(node: TreeNode): string[] {
  const names = isFunction(node) ? patternNames(node.params as TreeNode[]) : [];
  if (isFunction(node)) names.push(...patternNames([part(node, "id")]));
  const collect = (inner: TreeNode): void => {
    for (const [, child] of children(inner)) {
      names.push(...namesOf(child));
      if (!isFunction(child)) collect(child);
    }
  };
  collect(node);
  return names;
}

/** Names that a node itself brings into being. */
function namesOf(node: TreeNode): string[] {
  switch (node.type) {
    case "VariableDeclarator":
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "ClassExpression":
      return patternNames([part(node, "id")]);
    case "CatchClause":
      return patternNames([part(node, "param")]);
    default:
      return /^Import\w*Specifier$/.test(node.type) ? patternNames([part(node, "local")]) : [];
  }
}

/** The names in patterns such as `{ a, b: [c], ...rest }`. */
function patternNames(patterns: readonly (TreeNode | undefined | null)[]): string[] {
  return patterns.flatMap((pattern) => {
    if (pattern === undefined || pattern === null) return [];
    if (pattern.type === "Identifier") return [String(pattern.name)];
    if (pattern.type === "ObjectPattern") return patternNames(pattern.properties as TreeNode[]);
    if (pattern.type === "ArrayPattern") return patternNames(pattern.elements as TreeNode[]);
    if (pattern.type === "Property") return patternNames([part(pattern, "value")]);
    return patternNames([part(pattern, "left"), part(pattern, "argument")]);
  });
}

/** The scope that declares the name; undefined for a global of the engine. */
export function scopeOf(name: string, scope: Scope): Scope | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.names.has(name)) return at;
  }
  return undefined;
}

/** The `a` of `a.b[c].d`, or of `a` itself; undefined where something else is at the root. */
export function rootName(node: TreeNode | undefined): string | undefined {
  let at = node;
  while (at?.type === "MemberExpression" || at?.type === "ChainExpression") {
    at = part(at, "object") ?? part(at, "expression");
  }
  return at?.type === "Identifier" ? String(at.name) : undefined;
}

/** The `d` of `a.b.d`; undefined for `a[b]` and for what is no member. */
export function memberName(node: TreeNode | undefined): string | undefined {
  const property = node?.type === "MemberExpression" ? part(node, "property") : undefined;
  return property?.type === "Identifier" && node?.computed !== true
    ? String(property.name)
    : undefined;
}
