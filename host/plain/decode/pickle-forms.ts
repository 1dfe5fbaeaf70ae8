// The few calls in pickles that are nothing but data: Python has no opcode for a complex number, nor
// in its older protocols for sets and bytes, and writes them as a call of their type. They are known
// by name, one by one, and built here; nothing is looked up, imported or called.

import { Complex, type PlainValue } from "../value.ts";
import { PickleRefusal } from "./pickle-input.ts";

/** What GLOBAL and STACK_GLOBAL leave on the stack. */
export class PickleForm {
  readonly name: string;
  readonly #build: (args: readonly PlainValue[]) => PlainValue | undefined;

  constructor(name: string, build: (args: readonly PlainValue[]) => PlainValue | undefined) {
    this.name = name;
    this.#build = build;
  }

  build(args: readonly PlainValue[]): PlainValue {
    const built = this.#build(args);
    if (built === undefined) {
      throw new PickleRefusal(`it calls ${this.name} with other arguments than data has`);
    }
    return built;
  }
}

const BUILDERS: Readonly<Record<string, (args: readonly PlainValue[]) => PlainValue | undefined>> =
  {
    "builtins.complex": complexOf,
    "builtins.set": listOf,
    "builtins.frozenset": listOf,
    "builtins.bytes": bytesOf,
    "builtins.bytearray": bytesOf,
    "_codecs.encode": bytesOf,
  };

/** The form of that name; throws a PickleRefusal that names it where it is any other. */
export function formOf(module: string, name: string, opcode: string): PickleForm {
  const fullName = `${module === "__builtin__" ? "builtins" : module}.${name}`;
  const build = Object.hasOwn(BUILDERS, fullName) ? BUILDERS[fullName] : undefined;
  if (build === undefined) {
    throw new PickleRefusal(
      `it would import ${JSON.stringify(`${module}.${name}`.slice(0, 200))} (${opcode}), and pickles are read as data only`,
    );
  }
  return new PickleForm(fullName, build);
}

function complexOf(args: readonly PlainValue[]): PlainValue | undefined {
  const [real, imag] = args;
  const isComplex = args.length === 2 && typeof real === "number" && typeof imag === "number";
  return isComplex ? new Complex(real, imag) : undefined;
}

function listOf(args: readonly PlainValue[]): PlainValue | undefined {
  if (args.length === 0) return [];
  return args.length === 1 && Array.isArray(args[0]) ? args[0] : undefined;
}

/** bytes(), bytearray(bytes), bytearray(text, "latin-1") and _codecs.encode(text, "latin1"). */
function bytesOf(args: readonly PlainValue[]): PlainValue | undefined {
  const [data, encoding] = args;
  if (args.length === 0) return new Uint8Array();
  if (args.length === 1) return data instanceof Uint8Array ? data : undefined;
  const isLatin = encoding === "latin1" || encoding === "latin-1";
  if (args.length !== 2 || typeof data !== "string" || !isLatin) return undefined;
  return /[^\0-\xff]/.test(data) ? undefined : Uint8Array.from(Buffer.from(data, "latin1"));
}
