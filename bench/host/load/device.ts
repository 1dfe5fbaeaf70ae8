// One device as cheap as it gets: the protocol's handshake, then ready-made batches in ascending
// sequence within the window that the host grants. Knows no sockets; the carriers beside it frame.

import { randomBytes } from "node:crypto";
import { ByteWriter, varintLength } from "../../../shared/bytes/cursor.ts";
import { schemaHash } from "../../../shared/channel.ts";
import { decodeMessage } from "../../../shared/message/decode.ts";
import { encodeMessage } from "../../../shared/message/encode.ts";
import { MESSAGE_CODES, type Message } from "../../../shared/message/message.ts";
import { type BatchTemplates, bodyOf } from "../batches.ts";

export class LoadDevice {
  /** The next batch that goes out. */
  next = 0;
  /** Every batch before this one is on the host's disk. */
  acknowledged = 0;
  /** What a datagram to the host begins with; undefined before the welcome. */
  token: number | undefined;
  /** Told how far the host has come, whenever it tells. */
  onAck: (acknowledged: number) => void = () => {};

  readonly #name: string;
  readonly #templates: BatchTemplates;
  readonly #nonce = randomBytes(4).readUInt32BE() >>> 1;
  readonly #epoch = randomBytes(8).toString("hex");
  #window = 0;

  constructor(name: string, templates: BatchTemplates) {
    this.#name = name;
    this.#templates = templates;
  }

  get isWelcome(): boolean {
    return this.token !== undefined;
  }

  /** Batches that may be sent right now. */
  get room(): number {
    return this.acknowledged + this.#window - this.next;
  }

  hello(): Uint8Array {
    return encoded({
      kind: "hello",
      version: 1,
      nonce: this.#nonce,
      device: this.#name,
      epoch: this.#epoch,
      firmware: "bench",
      reset: "power",
      uptimeMs: 1,
      life: 1,
      first: 0,
      next: 0,
      schemas: [{ number: 0, hash: schemaHash(this.#templates.schema) }],
      receiveBytesMax: 0,
    });
  }

  /** Takes a message of the host. Returns what is to be answered. Throws where the host ends the session. */
  handleMessage(bytes: Uint8Array): Uint8Array | undefined {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) throw new Error(`the host sent what cannot be read: ${decoded.code}`);
    const message = decoded.value;
    switch (message.kind) {
      case "welcome":
        this.token = message.token;
        this.#window = message.window;
        return encoded({ kind: "schema", number: 0, body: this.#templates.schema });
      case "ack":
        this.#window = message.window;
        this.acknowledged = Math.max(this.acknowledged, message.next);
        this.onAck(this.acknowledged);
        return undefined;
      case "ping":
        return encoded({ kind: "pong", id: message.id, timeMs: Math.floor(performance.now()) });
      case "want":
        return encoded({ kind: "schema", number: 0, body: this.#templates.schema });
      case "pong":
        return undefined;
      default:
        throw new Error(`${this.#name}: the host said ${JSON.stringify(message)}`);
    }
  }

  /** Bytes of the message that `writeBatch` makes next. */
  get batchLength(): number {
    const { bodies } = this.#templates;
    return 1 + varintLength(this.next) + bodies[this.next % bodies.length]!.length;
  }

  /** Writes the next batch's message; returns the position behind it. */
  writeBatch(into: Uint8Array, start: number): number {
    const sequence = this.next++;
    let position = start;
    into[position++] = MESSAGE_CODES.batch;
    let rest = sequence;
    for (; rest >= 0x80; rest >>>= 7) into[position++] = (rest & 0x7f) | 0x80;
    into[position++] = rest;
    const body = bodyOf(this.#templates, sequence);
    into.set(body, position);
    return position + body.length;
  }
}

/** A message as bytes of its own. */
export function encoded(message: Message): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(2_048));
  encodeMessage(message, writer);
  return writer.written();
}
