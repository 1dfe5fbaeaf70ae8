// One plain input without its sockets: a frame comes in, readings go to the recorder, an answer goes
// out. Whatever cannot be used is counted and told of.

import { BlockList, isIP } from "node:net";
import { basename } from "node:path";
import { type Answerer, answererOf, type FrameStory, type GiveAnswer } from "./answer.ts";
import { decoderOf } from "./decode/decoder.ts";
import { deviceNameOf, fieldsOf } from "./device-name.ts";
import { KeptFiles } from "./kept-files.ts";
import { CLIENTS_PER_ADDRESS_MAX, TIME_AHEAD_MS_MAX } from "./limits.ts";
import { plainAddress } from "./peer-address.ts";
import type { Losses, PlainDevice } from "./plain-device.ts";
import type { Recorder } from "./recorder.ts";
import { type Found, type Row, type RowOptions, rowsOf } from "./row.ts";
import { describeSpec, type PlainSpec } from "./spec.ts";
import { timeOf } from "./stated-time.ts";
import type { PlainDecoder } from "./value.ts";

/** Counts of one input since the collector started. */
export interface PlainCounters extends Losses {
  frames: number;
  readings: number;
  /** Frames, and bytes between frames, that could not be read. */
  refused: number;
  /** Connections and datagrams from addresses that are not allowed. */
  strangers: number;
  /** Connections closed because too many were open. */
  turnedAway: number;
}

/** Tells whoever watches: `where` it was, and what happened. */
export type Tell = (where: string, text: string) => void;

/** Where a frame came from. */
export interface PlainPeer {
  readonly address: string;
  /** For people: "tcp 192.168.4.7:51334". */
  readonly where: string;
}

export class PlainInput {
  readonly spec: PlainSpec;
  readonly counters: PlainCounters = {
    frames: 0,
    readings: 0,
    refused: 0,
    leftOut: 0,
    late: 0,
    dropped: 0,
    strangers: 0,
    turnedAway: 0,
  };
  /** The port in use; the inputs set it once they listen. */
  port = 0;
  /** The collector stops: frames are read no more, answers may still be on their way. */
  isStopped = false;
  /** Bytes of all clients that wait: for the rest of their frames, as the streams count them, or to be kept as files. */
  waitingBytes = 0;

  readonly #recorder: Recorder;
  readonly #tell: Tell;
  readonly #answer: Answerer;
  readonly #decoder: PlainDecoder | undefined;
  readonly #files: KeptFiles | undefined;
  readonly #allowed: BlockList | undefined;
  readonly #rowOptions: RowOptions;
  readonly #units: ReadonlyMap<string, string>;
  #toldLosses: Losses = { leftOut: 0, late: 0, dropped: 0 };

  constructor(spec: PlainSpec, recorder: Recorder, tell: Tell) {
    const { decoding, channels, name, timeField } = spec;
    this.spec = spec;
    this.#recorder = recorder;
    this.#tell = tell;
    this.#answer = answererOf(spec);
    this.#decoder = decoderOf(decoding);
    this.#files = decoding.kind === "file" ? new KeptFiles(decoding.folder) : undefined;
    this.#allowed = spec.allow.length === 0 ? undefined : allowedOf(spec.allow);
    this.#rowOptions = {
      channels: channels.map((channel) => channel.name),
      fields: [...fieldsOf(name), ...(timeField === undefined ? [] : [timeField])],
    };
    this.#units = new Map(channels.map((channel) => [channel.name, channel.unit]));
  }

  /** False for strangers, who are counted. */
  admits(address: string): boolean {
    const [plain, family] = addressAndFamily(address);
    if (this.#allowed === undefined || this.#allowed.check(plain, family)) return true;
    this.counters.strangers++;
    return false;
  }

  /** Takes a frame; `give` is called once, now or later. */
  handleFrame(frame: Uint8Array, peer: PlainPeer, give: GiveAnswer): void {
    this.counters.frames++;
    if (this.#files !== undefined) {
      this.#keepFile(this.#files, frame, peer, give);
      return;
    }
    if (this.#decoder === undefined) {
      this.#answer({ ...NOTHING, frame }, give);
      return;
    }
    const decoded = this.#decoder(frame);
    const story = decoded.ok ? this.#record(decoded, peer) : decoded.why;
    this.#finish(frame, story, peer, give);
  }

  /** Tells what was lost since it was last asked, where something was. */
  tellLosses(): void {
    const { leftOut, late, dropped } = this.counters;
    const told = this.#toldLosses;
    const parts = [
      [leftOut - told.leftOut, "values fit no channel"],
      [late - told.late, "rows came too late"],
      [dropped - told.dropped, "readings were dropped"],
    ].filter(([count]) => Number(count) > 0);
    this.#toldLosses = { leftOut, late, dropped };
    if (parts.length === 0) return;
    this.#tell(describeSpec(this.spec), parts.map((part) => part.join(" ")).join(", "));
  }

  /** A client finds no place. */
  turnAway(where: string): void {
    this.counters.turnedAway++;
    this.#tell(
      where,
      `turned away: there are ${this.spec.clientsMax} clients (\`clients=\`) or ${CLIENTS_PER_ADDRESS_MAX} from its address`,
    );
  }

  /** Something between frames could not be read. */
  handleFault(why: string, peer: PlainPeer): void {
    this.counters.refused++;
    this.#tell(peer.where, why);
  }

  #keepFile(files: KeptFiles, frame: Uint8Array, peer: PlainPeer, give: GiveAnswer): void {
    this.waitingBytes += frame.length;
    files.keep(frame, Date.now()).then((kept) => {
      this.waitingBytes -= frame.length;
      const story =
        typeof kept === "string"
          ? kept
          : this.#record({ ok: true, value: new Map(Object.entries(kept)) }, peer);
      this.#finish(frame, story, peer, give);
    });
  }

  #finish(
    frame: Uint8Array,
    story: Omit<FrameStory, "frame"> | string,
    peer: PlainPeer,
    give: GiveAnswer,
  ): void {
    if (typeof story === "string") {
      this.handleFault(`a frame was refused: ${story}`, peer);
      this.#answer({ ...NOTHING, frame, fault: story }, give);
    } else {
      this.#answer({ ...story, frame }, give);
    }
  }

  /** Hands the readings on; a text says why not. */
  #record(found: Found, peer: PlainPeer): Omit<FrameStory, "frame"> | string {
    if (this.isStopped) return "the collector stops";
    const rows = rowsOf(found, this.#rowOptions);
    if (typeof rows === "string") return rows;
    const placed: PlacedRow[] = [];
    for (const row of rows) {
      const place = this.#placeOf(row, peer);
      if (typeof place === "string") return place; // and nothing of the frame is kept
      placed.push(place);
    }
    let readings = 0;
    for (const { device, row, utcMs } of placed) {
      readings += row.values.size;
      this.counters.leftOut += row.leftOut;
      this.#add(device, row.values, utcMs);
    }
    const devices = new Set(placed.map(({ device }) => device));
    return {
      fault: undefined,
      readings,
      whenStored: (handle) => this.#whenStored(devices, handle),
    };
  }

  /** The row's device and time, which are taken out of its values; a text says what is wrong. */
  #placeOf(row: Row, peer: PlainPeer): PlacedRow | string {
    const { values } = row;
    const name = this.#nameOf(values, peer);
    if (name === undefined) {
      return `it has no ${this.#rowOptions.fields.join(" or ")} to name its device`;
    }
    const utcMs = this.#takeTime(values);
    if (typeof utcMs === "string") return utcMs;
    for (const field of fieldsOf(this.spec.name)) values.delete(field);
    const device = this.#deviceOf(name);
    if (device === undefined) return "the input has as many devices as it may have";
    return { device, row, utcMs };
  }

  #add(device: PlainDevice, values: Row["values"], utcMs: number | undefined): void {
    const { size } = values;
    if (this.#recorder.hasRoomFor(size) && device.addRow(values, utcMs)) {
      this.counters.readings += size;
      return;
    }
    device.drop(size);
  }

  #nameOf(values: Row["values"], { address }: PlainPeer): string | undefined {
    const shortAddress = this.spec.place.kind === "serial" ? basename(address) : address;
    return deviceNameOf(this.spec.name, { address: shortAddress, port: this.port, values });
  }

  /** Takes the time out of the values. Undefined where readings have the time of their arrival; a text says what is wrong. */
  #takeTime(values: Row["values"]): number | undefined | string {
    const { timeField } = this.spec;
    if (timeField === undefined) return undefined;
    const utcMs = timeOf(values.get(timeField));
    values.delete(timeField);
    if (utcMs === undefined) {
      return `its field ${JSON.stringify(timeField)} is no time (seconds, milliseconds or microseconds since 1970, or ISO 8601)`;
    }
    return utcMs <= Date.now() + TIME_AHEAD_MS_MAX ? utcMs : "its time is more than a day ahead";
  }

  #deviceOf(name: string): PlainDevice | undefined {
    const { place, timeField } = this.spec;
    return this.#recorder.deviceOf(this, {
      name,
      kind: place.kind,
      description: describeSpec(this.spec),
      units: this.#units,
      hasOwnTime: timeField !== undefined,
      losses: this.counters,
    });
  }

  /** Tells once all these have what they were given on disk, or one has not. */
  #whenStored(devices: ReadonlySet<PlainDevice>, handleStored: (isStored: boolean) => void): void {
    let left = devices.size;
    let isAllStored = true;
    if (left === 0) handleStored(true);
    for (const device of devices) {
      device.whenStored((isStored) => {
        isAllStored &&= isStored;
        if (--left === 0) handleStored(isAllStored);
      });
    }
    this.#recorder.flushSoon();
  }
}

/** A row with the device and the time that it is filed under. */
interface PlacedRow {
  readonly device: PlainDevice;
  readonly row: Row;
  readonly utcMs: number | undefined;
}

const NOTHING: Omit<FrameStory, "frame"> = {
  fault: undefined,
  readings: 0,
  whenStored: (handleStored) => handleStored(true),
};

function allowedOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Without the form that IPv6 sockets give IPv4 addresses, and without a zone. */
function addressAndFamily(address: string): [string, "ipv4" | "ipv6"] {
  const plain = plainAddress(address);
  return [plain, isIP(plain) === 4 ? "ipv4" : "ipv6"];
}
