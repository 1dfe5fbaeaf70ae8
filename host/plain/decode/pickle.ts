// Python's pickles, protocols 0 to 5, as data and nothing else. A pickle is a program for a small
// stack machine, some of whose opcodes import and call: those are refused by name, save the few calls
// that stand for data (pickle-forms.ts). What a pickle builds is bounded by its bytes; that it may
// stand for much more by sharing, or hold itself, is met where values become readings (row.ts).
// docs/decisions/0017-plain-inputs.md says why this is not a library.

import { PICKLE_MEMO_MAX } from "../limits.ts";
import { type Decoded, type PlainValue, refused } from "../value.ts";
import { formOf, PickleForm } from "./pickle-forms.ts";
import { PickleInput, PickleRefusal } from "./pickle-input.ts";

/** What a stack of the machine holds. Dicts are Maps, all sequences and sets arrays. */
type Item = PlainValue | PickleForm;

const PROTOCOL_MAX = 5;

/** Opcodes that would import, call or fetch something from elsewhere. */
const REFUSED: Readonly<Record<string, string>> = {
  i: "INST",
  o: "OBJ",
  b: "BUILD",
  P: "PERSID",
  Q: "BINPERSID",
  "\x81": "NEWOBJ",
  "\x92": "NEWOBJ_EX",
  "\x82": "EXT1",
  "\x83": "EXT2",
  "\x84": "EXT4",
  "\x97": "NEXT_BUFFER",
  "\x98": "READONLY_BUFFER",
};

/** Decodes one pickle; like Python, it ignores what follows it. */
export function decodePickle(frame: Uint8Array): Decoded {
  try {
    return { ok: true, value: new PickleMachine(frame).run() };
  } catch (error) {
    if (error instanceof PickleRefusal) return refused(error.message);
    throw error;
  }
}

class PickleMachine {
  readonly #input: PickleInput;
  #stack: Item[] = [];
  /** Stacks below the marks. */
  readonly #below: Item[][] = [];
  readonly #memo = new Map<number, Item>();
  /** Characters that calls may still turn into bytes: Python writes each such text out. */
  #charactersLeft: number;

  constructor(bytes: Uint8Array) {
    this.#input = new PickleInput(bytes);
    this.#charactersLeft = bytes.length;
  }

  run(): PlainValue {
    for (;;) {
      const opcode = String.fromCharCode(this.#input.u8());
      if (opcode === ".") return this.#popValue();
      const isDone = this.#runStack(opcode) || this.#runContainer(opcode) || this.#runCall(opcode);
      if (!isDone) this.#stack.push(this.#scalarOf(opcode));
    }
  }

  /** Opcodes that move what is there. */
  #runStack(opcode: string): boolean {
    switch (opcode) {
      case "\x80":
        this.#checkProtocol(this.#input.u8());
        return true;
      case "\x95":
        this.#input.take(8); // a frame's length, of use to unbuffered readers only
        return true;
      case "(":
        this.#below.push(this.#stack);
        this.#stack = [];
        return true;
      case "0":
        if (this.#stack.length > 0) this.#stack.pop();
        else this.#popMark();
        return true;
      case "1":
        this.#popMark();
        return true;
      case "2":
        this.#stack.push(this.#top());
        return true;
      default:
        return this.#runMemo(opcode);
    }
  }

  #runMemo(opcode: string): boolean {
    const input = this.#input;
    switch (opcode) {
      case "p":
        this.#remember(Number(input.integer(input.line())));
        return true;
      case "q":
        this.#remember(input.u8());
        return true;
      case "r":
        this.#remember(input.u32());
        return true;
      case "\x94":
        this.#remember(this.#memo.size);
        return true;
      case "g":
        this.#recall(Number(input.integer(input.line())));
        return true;
      case "h":
        this.#recall(input.u8());
        return true;
      case "j":
        this.#recall(input.u32());
        return true;
      default:
        return false;
    }
  }

  #runContainer(opcode: string): boolean {
    switch (opcode) {
      case "]":
      case ")":
      case "\x8f":
        this.#stack.push([]);
        return true;
      case "}":
        this.#stack.push(new Map());
        return true;
      case "l":
      case "t":
      case "\x91":
        this.#push(this.#popMark());
        return true;
      case "\x85":
      case "\x86":
      case "\x87":
        this.#push(this.#popMany(opcode.charCodeAt(0) - 0x84));
        return true;
      case "d":
        this.#stack.push(new Map());
        this.#setItems(this.#swapMark());
        return true;
      default:
        return this.#runFill(opcode);
    }
  }

  /** Opcodes that put what is on the stack into the container below it. */
  #runFill(opcode: string): boolean {
    switch (opcode) {
      case "a":
        this.#append(this.#popMany(1));
        return true;
      case "e":
      case "\x90":
        this.#append(this.#popMark());
        return true;
      case "s":
        this.#setItems(this.#popMany(2));
        return true;
      case "u":
        this.#setItems(this.#popMark());
        return true;
      default:
        return false;
    }
  }

  #runCall(opcode: string): boolean {
    if (Object.hasOwn(REFUSED, opcode)) {
      throw new PickleRefusal(
        `it uses ${REFUSED[opcode]}, which would import or call something, and pickles are read as data only`,
      );
    }
    if (opcode === "c") {
      const module = this.#input.line();
      this.#stack.push(formOf(module, this.#input.line(), "GLOBAL"));
    } else if (opcode === "\x93") {
      const [module, name] = this.#popMany(2);
      this.#stack.push(formOf(String(module), String(name), "STACK_GLOBAL"));
    } else if (opcode === "R") {
      this.#stack.push(this.#call());
    } else {
      return false;
    }
    return true;
  }

  #call(): PlainValue {
    const args = this.#popValue();
    const form = this.#stack.pop();
    if (!(form instanceof PickleForm) || !Array.isArray(args)) {
      throw new PickleRefusal(
        "it uses REDUCE, which would call something, and pickles are read as data only",
      );
    }
    const [data] = args;
    if (typeof data === "string") this.#charactersLeft -= data.length;
    if (this.#charactersLeft < 0) throw new PickleRefusal("it copies one text again and again");
    return form.build(args);
  }

  #scalarOf(opcode: string): PlainValue {
    const input = this.#input;
    switch (opcode) {
      case "N":
        return null;
      case "\x88":
        return true;
      case "\x89":
        return false;
      case "J":
        return input.i32();
      case "K":
        return input.u8();
      case "M":
        return input.u16();
      case "G":
        return input.f64();
      case "\x8a":
        return input.long(input.u8());
      case "\x8b":
        return input.long(input.i32());
      default:
        return this.#textualOf(opcode);
    }
  }

  /** Numbers and strings of protocol 0, which are lines, and strings and bytes with a length. */
  #textualOf(opcode: string): PlainValue {
    const input = this.#input;
    switch (opcode) {
      case "I":
        return intOf(input, input.line());
      case "L":
        return input.integer(input.line().replace(/L$/, ""));
      case "F":
        return input.float(input.line());
      case "S":
        return input.quoted(input.line());
      case "V":
        return input.rawUnicode(input.line());
      case "T":
        return input.oldString(input.take(input.u32()));
      case "U":
        return input.oldString(input.take(input.u8()));
      default:
        return this.#countedOf(opcode);
    }
  }

  #countedOf(opcode: string): PlainValue {
    const input = this.#input;
    switch (opcode) {
      case "X":
        return input.text(input.u32());
      case "\x8c":
        return input.text(input.u8());
      case "\x8d":
        return input.text(input.u64());
      case "B":
        return Uint8Array.from(input.take(input.u32()));
      case "C":
        return Uint8Array.from(input.take(input.u8()));
      case "\x8e":
      case "\x96":
        return Uint8Array.from(input.take(input.u64()));
      default:
        throw new PickleRefusal(
          `it is no pickle: there is no opcode 0x${opcode.charCodeAt(0).toString(16)}`,
        );
    }
  }

  #checkProtocol(version: number): void {
    if (version > PROTOCOL_MAX) {
      throw new PickleRefusal(`its protocol is ${version}; ${PROTOCOL_MAX} is the newest known`);
    }
  }

  #top(): Item {
    const top = this.#stack.at(-1);
    if (top === undefined) throw new PickleRefusal("it takes more from its stack than is there");
    return top;
  }

  /** A value; a name that is called by nothing is none. */
  #popValue(): PlainValue {
    return asValue(this.#popItem());
  }

  #popItem(): Item {
    const item = this.#top();
    this.#stack.pop();
    return item;
  }

  #popMany(count: number): PlainValue[] {
    if (this.#stack.length < count) this.#stack.length = 0;
    return Array.from({ length: count }, () => this.#popValue()).reverse();
  }

  /** What came since the last mark. */
  #popMark(): PlainValue[] {
    const items = this.#stack;
    const below = this.#below.pop();
    if (below === undefined) throw new PickleRefusal("it takes more from its stack than is there");
    this.#stack = below;
    return items.map(asValue);
  }

  /** What came since the last mark but for the container that was just pushed, which stays. */
  #swapMark(): PlainValue[] {
    const container = this.#popValue();
    const items = this.#popMark();
    this.#push(container);
    return items;
  }

  #push(value: PlainValue): void {
    this.#stack.push(value);
  }

  #append(items: readonly PlainValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new PickleRefusal("it appends to what is no list");
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly PlainValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map) || items.length % 2 === 1) {
      throw new PickleRefusal("it sets items of what is no dict");
    }
    for (let index = 0; index < items.length; index += 2) {
      dict.set(keyOf(items[index]!), items[index + 1]!);
    }
  }

  #remember(index: number): void {
    if (this.#memo.size >= PICKLE_MEMO_MAX && !this.#memo.has(index)) {
      throw new PickleRefusal(`it remembers more than ${PICKLE_MEMO_MAX} objects`);
    }
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const item = this.#memo.get(index);
    if (item === undefined) throw new PickleRefusal("it recalls what it never remembered");
    this.#stack.push(item);
  }
}

function asValue(item: Item): PlainValue {
  if (!(item instanceof PickleForm)) return item;
  throw new PickleRefusal(`it names ${item.name} without being a value`);
}

function intOf(input: PickleInput, text: string): PlainValue {
  if (text === "00" || text === "01") return text === "01";
  return input.integer(text);
}

/** A dict's key as the name of a channel. */
function keyOf(key: PlainValue): string {
  if (typeof key === "object" && key !== null) {
    throw new PickleRefusal("a dict in it has a key that is neither text nor a number");
  }
  return String(key);
}
