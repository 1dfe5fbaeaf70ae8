// The log in flash over whatever flash holds: blocks and entries with sound checksums that say anything,
// noise, bits that rot. It never throws and comes to an end; what it finds is in sequence; it goes on to
// take records, and gives them back after the next boot.

import { BLOCK_HEADER_BYTES, encodeBlockHeader } from "../../../device/flash/block-header.ts";
import {
  emptyEntry,
  encodeEntry,
  entryBytesMax,
  entryOrigin,
} from "../../../device/flash/entry.ts";
import { EPOCH_BYTES } from "../../../device/flash/epoch.ts";
import { FlashLog } from "../../../device/flash/flash-log.ts";
import { ByteWriter } from "../../../shared/bytes/cursor.ts";
import { GAP_REASONS } from "../../../shared/errors.ts";
import { SEQUENCE_MAX } from "../../../shared/limits.ts";
import { SimulatedFlash } from "../../flash/simulated-flash.ts";
import { Choices } from "../choices.ts";
import { must, mustEqual, type Target } from "../target.ts";

const BLOCK_BYTES = 512;
const BLOCKS = 4;
const BODY_BYTES_MAX = 60;
const OURS = "ffffffffffffffffffffff00";

/** Numbers missing between two records are told of one by one, and there may be 2^32 of them. */
const RECORDS_MAX = 2_000;

export function createTarget(): Target {
  return {
    inputBytesMax: 400,
    stepsMax: (bytes) => 3_000_000 + 2_000 * bytes,
    seeds,
    run: (input) => check(new Choices(input)),
  };
}

/** Four blocks in order with a batch, a gap and an acknowledgement each; then noise; then rot. */
function* seeds(): Generator<Uint8Array> {
  const entries = (next: number) => [
    1,
    0,
    next,
    1,
    0,
    3,
    4,
    5,
    8,
    2,
    1,
    next + 1,
    2,
    0,
    1,
    4,
    5,
    3,
    0,
  ];
  const block = (index: number) => [0, index, 0, 0, 92, 1, ...entries(2 * index), 0];
  yield Uint8Array.of(...block(0), ...block(1), ...block(2), 4);
  yield Uint8Array.of(...block(4), ...block(5), 1, 2, 0, 7, 40, 3);
  yield Uint8Array.of(...block(0), 2, 0, 60, 1, 1, 1, 1, 0xff, 0xff, 3);
}

function check(choices: Choices): void {
  const flash = new SimulatedFlash(BLOCK_BYTES, BLOCKS);
  flash.bytes.fill(0xff);
  fill(flash, choices);
  const log = new FlashLog({ flash, bodyBytesMax: BODY_BYTES_MAX });
  const { epochs } = log.recover();
  const found = readAll(log);
  for (const { epoch, next } of epochs.slice(0, choices.below(3))) log.acknowledge(epoch, next);
  must(readAll(log).length <= found.length, "an acknowledgement brings nothing back");
  checkAppends(log, flash);
}

/** Blocks, noise and rot, as chosen. */
function fill(flash: SimulatedFlash, choices: Choices): void {
  while (!choices.isEmpty) {
    switch (choices.below(5)) {
      case 0:
        writeBlock(flash, choices);
        break;
      case 1:
        flash.bytes.fill(choices.byte(), ...range(choices));
        break;
      case 2:
        flash.bytes.set(choices.bytes(4), Math.min(range(choices)[0], flash.bytes.length - 4));
        break;
      case 3: {
        const [at] = range(choices);
        flash.bytes[at] = flash.bytes[at]! ^ (1 << choices.below(8));
        break;
      }
      default:
        return;
    }
  }
}

function range(choices: Choices): [start: number, end: number] {
  const start = (choices.byte() * 0x100 + choices.byte()) % (BLOCK_BYTES * BLOCKS);
  return [start, start + choices.byte()];
}

function writeBlock(flash: SimulatedFlash, choices: Choices): void {
  const sequence = choices.integer() % 2 ** 32;
  const index = sequence % BLOCKS;
  const block = flash.bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
  const header = {
    sequence,
    wear: choices.integer() % 2 ** 32,
    headBlock: choices.integer() % 2 ** 32,
    headOffset: choices.integer() % 2 ** 32,
    epoch: "",
  };
  encodeBlockHeader(header, new Uint8Array(EPOCH_BYTES).fill(choices.byte()), block);
  let offset = BLOCK_HEADER_BYTES;
  for (let kind = choices.below(4); kind > 0; kind = choices.below(4)) {
    const bytes = entryBytes(choices, kind, entryOrigin(sequence, BLOCK_BYTES, offset));
    if (offset + bytes.length > BLOCK_BYTES) return;
    block.set(bytes, offset);
    offset += bytes.length;
  }
}

/** An entry whose checksums are sound, whatever it says. */
function entryBytes(choices: Choices, kind: number, origin: number): Uint8Array {
  const entry = emptyEntry();
  const hasEpoch = choices.below(2) === 1;
  const writer = new ByteWriter(new Uint8Array(300));
  if (kind === 3) {
    entry.headBlock = choices.integer();
    entry.headOffset = choices.integer();
  } else {
    entry.kind = kind === 1 ? "batch" : "gap";
    entry.sequence = choices.integer();
    if (kind === 2) {
      entry.gap = choices.pick(GAP_REASONS);
      entry.count = choices.integer();
    }
    entry.readings = choices.integer();
    entry.readingsBefore = choices.integer();
    entry.firstMs = choices.integer();
    entry.lastMs = Math.min(entry.firstMs + choices.byte(), Number.MAX_SAFE_INTEGER);
  }
  const body = kind === 1 ? new Uint8Array(choices.byte()).fill(7) : undefined;
  const epoch = hasEpoch ? new Uint8Array(EPOCH_BYTES).fill(choices.byte()) : undefined;
  encodeEntry(entry, body, epoch, origin, writer);
  return writer.bytes.subarray(0, Math.min(entry.bytes, writer.bytes.length));
}

function readAll(log: FlashLog): string[] {
  const all: string[] = [];
  const cursor = log.records();
  for (let found = cursor.next(); found !== undefined; found = cursor.next()) {
    must(found.count > 0 && found.sequence + found.count <= SEQUENCE_MAX, "a record is one");
    must(found.body.length <= entryBytesMax(BODY_BYTES_MAX), "its body fits the buffer");
    all.push(`${found.epoch} ${found.sequence}`);
    if (all.length === RECORDS_MAX) break;
  }
  return all;
}

/** What is appended now is there after the next boot, last and in order. */
function checkAppends(log: FlashLog, flash: SimulatedFlash): void {
  const kept: string[] = [];
  for (let sequence = 0; sequence < 3; sequence++) {
    const facts = { epoch: OURS, count: 1, gap: undefined, readings: 1, firstMs: 1, lastMs: 1 };
    const outcome = log.append({ ...facts, sequence, body: Uint8Array.of(sequence) });
    if (outcome === "full") break;
    kept.push(`${OURS} ${sequence}`);
  }
  const again = new FlashLog({ flash, bodyBytesMax: BODY_BYTES_MAX });
  again.recover();
  const found = readAll(again);
  if (kept.length === 0 || found.length === RECORDS_MAX) return;
  mustEqual(found.slice(-kept.length), kept, "what was appended is there after a boot");
}
