// Makes a bundle ready to be preloaded into ROM by Moddable's linker (xsl). What can change there takes
// a word of RAM from the start, and is copied to RAM when it does: bindings that are no `const`, and
// objects that are not frozen. esbuild writes every module-level `const` as `var`, so this turns them
// back, and freezes the tables.

import { parse } from "acorn";
import { transform } from "esbuild";

/** What these make can change until it is frozen; functions, classes and typed arrays xsl freezes itself. */
const CHANGEABLE = ["ObjectExpression", "ArrayExpression", "NewExpression", "CallExpression"];

/**
 * Returns `code`, a bundled module, with the same lines in the same places and one more at the end.
 * Rejects where a module-level variable is assigned to later: it would be read-only, or a copy, in ROM.
 */
export async function readyForRom(code) {
  const { body } = parse(code, { ecmaVersion: 2022, sourceType: "module" });
  const declarations = body.filter(({ type }) => type === "VariableDeclaration");
  const tables = declarations
    .flatMap(({ declarations: each }) => each)
    .filter(({ id, init }) => id.type === "Identifier" && CHANGEABLE.includes(init?.type))
    .map(({ id }) => id.name);
  const frozen = withConst(code, declarations) + freezing(tables);
  await check(frozen);
  return frozen;
}

function withConst(code, declarations) {
  let result = "";
  let from = 0;
  for (const { kind, start } of declarations) {
    result += `${code.slice(from, start)}const`;
    from = start + kind.length;
  }
  return result + code.slice(from);
}

/** XS freezes whatever the object holds, too, where the second argument is true. Typed arrays cannot be frozen. */
function freezing(tables) {
  if (tables.length === 0) return "";
  const names = tables.join(", ");
  return `for (const table of [${names}]) if (!ArrayBuffer.isView(table)) Object.freeze(table, true);\n`;
}

/** The parser of esbuild knows scopes: it finds what is assigned to, and a constant without a value. */
async function check(code) {
  await transform(code, {
    format: "esm",
    target: "es2022",
    logLevel: "silent",
    logOverride: { "assign-to-constant": "error" },
  });
}
