// The traps of preloading into ROM, as far as a syntax tree shows them. On a board the module body runs
// while the firmware is built; then all it made is in ROM. Map, Set, typed arrays, Dates and expressions
// with a memory are read-only there (or crash), frozen objects refuse, the built-ins are frozen, natives
// do not exist yet. On Node all of this works, which is why it must be looked for.

import {
  isNode,
  memberName,
  type Place,
  parseModule,
  part,
  rootName,
  scopeOf,
  type TreeNode,
  walkModule,
} from "./syntax-tree.ts";

export interface Trap {
  readonly what: string;
  /** Offset in the code. */
  readonly at: number;
}

/** What XS has of ES2022, and the `trace` of Moddable; `eval`, `Function` and `globalThis` hide what is used. */
const XS_GLOBALS = new Set(
  (
    "Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError " +
    "Float32Array Float64Array Infinity Int16Array Int32Array Int8Array JSON Map Math NaN Number Object " +
    "Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError " +
    "TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet " +
    "AggregateError FinalizationRegistry arguments decodeURIComponent encodeURIComponent isFinite isNaN " +
    "parseFloat parseInt undefined trace"
  ).split(" "),
);

/** Methods that change what they are called on. */
const CHANGERS = new Set(
  (
    "add clear copyWithin delete fill pop push reverse set setTime shift sort splice unshift " +
    "setUint8 setUint16 setUint32 setInt8 setInt16 setInt32 setFloat32 setFloat64 setBigInt64 setBigUint64"
  ).split(" "),
);

/** The built-ins are frozen, so what inherits these cannot be given its own by assignment. */
const FROZEN_NAMES = new Set(["toString", "valueOf", "constructor", "hasOwnProperty"]);

export interface Allowances {
  /** Module-level calls and constructions whose result is only read afterwards, by the name of what is called. */
  readonly calls?: readonly string[];
  /** Global names beyond those that are always there. */
  readonly globals?: readonly string[];
}

/** All traps in the code of one module, in order. */
export function findTraps(code: string, { calls = [], globals = [] }: Allowances = {}): Trap[] {
  let program: TreeNode;
  try {
    program = parseModule(code);
  } catch (error) {
    const at = (error as { pos?: number }).pos ?? 0;
    return [{ what: `syntax beyond ES2022: ${(error as Error).message}`, at }];
  }
  const traps: Trap[] = [];
  const configs = importedNames(program, "mc/config");
  const imports = importedNames(program);
  walkModule(program, (node, place) => {
    const what =
      whileLoading(node, place, calls) ??
      writeToRom(node, place) ??
      changeInRom(node, place, imports) ??
      frozenName(node, place) ??
      romAsJson(node, place, configs) ??
      unknownGlobal(node, place, globals) ??
      regularExpression(node, place);
    if (what !== undefined) traps.push({ what, at: node.start });
  });
  return traps;
}

function whileLoading(
  node: TreeNode,
  { isLoading }: Place,
  calls: readonly string[],
): string | undefined {
  if (!isLoading) return undefined;
  const { type } = node;
  if (type === "AwaitExpression") return "await at module level";
  if (type === "VariableDeclaration" && node.kind !== "const") return "a variable at module level";
  if (type !== "CallExpression" && type !== "NewExpression") return undefined;
  const callee = part(node, "callee");
  const name = calleeName(callee);
  if (calls.includes(name)) return undefined;
  return type === "NewExpression"
    ? `new ${name} at module level`
    : `a call of ${name} at module level`;
}

function calleeName(callee: TreeNode | undefined): string {
  const root = rootName(callee) ?? "a function";
  const member = memberName(callee);
  return member === undefined ? root : `${root}.${member}`;
}

/** Assignments to members of what the module made, or of a class. */
function writeToRom(node: TreeNode, place: Place): string | undefined {
  for (const target of writtenMembers(node)) {
    const root = rootName(target);
    if (root === undefined) {
      const isThis = part(target, "object")?.type === "ThisExpression";
      if (isThis && place.isStatic) return "a write to a static field";
    } else if (isOfModule(root, place)) return `a write to a member of ${root}, which is in ROM`;
  }
  return undefined;
}

/** Of what is imported nobody knows here what a method does; in the bundle it is imported no more. */
function changeInRom(node: TreeNode, place: Place, imports: readonly string[]): string | undefined {
  const callee = node.type === "CallExpression" ? part(node, "callee") : undefined;
  const root = rootName(callee);
  const method = memberName(callee);
  if (root === undefined || method === undefined || !CHANGERS.has(method)) return undefined;
  if (imports.includes(root) || !isOfModule(root, place)) return undefined;
  return `${root}.${method}() changes what is in ROM`;
}

function writtenMembers(node: TreeNode): TreeNode[] {
  const target =
    node.type === "AssignmentExpression" || /^For(In|Of)Statement$/.test(node.type)
      ? part(node, "left")
      : node.type === "UpdateExpression" || node.operator === "delete"
        ? part(node, "argument")
        : undefined;
  return target === undefined ? [] : membersOf(target);
}

/** Members in a pattern, or the member that it is. */
function membersOf(pattern: TreeNode): TreeNode[] {
  if (pattern.type === "MemberExpression") return [pattern];
  const parts = [pattern.elements, pattern.properties, pattern.value, pattern.argument];
  if (!/Pattern$|^Property$|^RestElement$/.test(pattern.type)) return [];
  return [...parts, pattern.left].flat().filter(isNode).flatMap(membersOf);
}

/** A name of the module itself that no function in between has taken for its own. */
function isOfModule(name: string, { scope, isLoading }: Place): boolean {
  const owner = scopeOf(name, scope);
  return !isLoading && owner !== undefined && owner.parent === undefined;
}

function frozenName(node: TreeNode, { superclass }: Place): string | undefined {
  for (const target of writtenMembers(node)) {
    const name = memberName(target);
    if (name === undefined) continue;
    if (FROZEN_NAMES.has(name)) return `an assignment to ${name}, which XS has frozen`;
    const isOwnError =
      part(target, "object")?.type === "ThisExpression" &&
      /Error$/.test(rootName(superclass) ?? "");
    const isError = isOwnError || /^(e|err|error|cause|\w*Error)$/.test(rootName(target) ?? "");
    if (name === "name" && isError)
      return "an assignment to the name of an error: use a class field";
  }
  return undefined;
}

function romAsJson(node: TreeNode, place: Place, configs: readonly string[]): string | undefined {
  if (node.type !== "CallExpression") return undefined;
  if (calleeName(part(node, "callee")) !== "JSON.stringify") return undefined;
  const [value] = node.arguments as TreeNode[];
  const root = rootName(value);
  if (root === undefined) return undefined;
  const isConfig = configs.includes(root);
  return isConfig || isOfModule(root, place)
    ? `JSON.stringify of ${root}, which is in ROM: copy it first`
    : undefined;
}

function unknownGlobal(
  node: TreeNode,
  { scope }: Place,
  globals: readonly string[],
): string | undefined {
  if (node.type !== "Identifier") return undefined;
  const name = String(node.name);
  if (XS_GLOBALS.has(name) || globals.includes(name)) return undefined;
  if (scopeOf(name, scope) !== undefined) return undefined;
  return `${name}, which XS does not have`;
}

function regularExpression(node: TreeNode, { isLoading }: Place): string | undefined {
  const regex = node.regex as { readonly pattern: string; readonly flags: string } | undefined;
  if (regex === undefined) return undefined;
  if (/\\p\{/i.test(regex.pattern)) return "\\p in a regular expression, which XS does not compile";
  if (isLoading && /[gy]/.test(regex.flags)) return "a regular expression with a memory in ROM";
  return undefined;
}

/** Local names of what is imported, from anywhere unless from `module`. */
function importedNames(program: TreeNode, module?: string): string[] {
  return (program.body as TreeNode[])
    .filter(({ type }) => type === "ImportDeclaration")
    .filter((node) => module === undefined || part(node, "source")?.value === module)
    .flatMap((node) => node.specifiers as TreeNode[])
    .map((specifier) => String(part(specifier, "local")?.name));
}
