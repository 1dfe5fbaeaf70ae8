// Pickles (protocol 2, which every Python 3 and the later Python 2 read) of what JSON can say.

const INT32_MAX = 0x7fff_ffff;

/** `value` must come from JSON. */
export function encodePickle(value: unknown): Uint8Array {
  const parts = [Buffer.from("\x80\x02", "latin1")];
  write(value, parts);
  parts.push(Buffer.from("."));
  return Buffer.concat(parts);
}

function write(value: unknown, parts: Buffer[]): void {
  if (value === null) parts.push(Buffer.from("N"));
  else if (typeof value === "boolean") parts.push(Buffer.from([value ? 0x88 : 0x89]));
  else if (typeof value === "number") parts.push(numberOf(value));
  else if (typeof value === "string") parts.push(textOf(value));
  else if (Array.isArray(value)) {
    parts.push(Buffer.from("]("));
    for (const item of value) write(item, parts);
    parts.push(Buffer.from("e"));
  } else {
    parts.push(Buffer.from("}("));
    for (const [key, item] of Object.entries(value as object)) {
      parts.push(textOf(key));
      write(item, parts);
    }
    parts.push(Buffer.from("u"));
  }
}

function numberOf(value: number): Buffer {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    if (Math.abs(value) > INT32_MAX) return Buffer.from(`L${value}L\n`);
    const whole = Buffer.from("J\0\0\0\0");
    whole.writeInt32LE(value, 1);
    return whole;
  }
  const float = Buffer.from("G\0\0\0\0\0\0\0\0");
  float.writeDoubleBE(value, 1);
  return float;
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.from("X\0\0\0\0");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
