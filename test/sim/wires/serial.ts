// A serial line between one device and the collector: a UART with 128 bytes each way on one end, what
// host/links/serial-port.ts makes of a port on the other, and between them a cable that flips bits,
// drops bytes, swallows everything for a while in the middle of frames, carries a boot loader's text,
// and is pulled. The line outlives both a device's lives and the collector's.

import type { SerialOptions, SerialPort } from "../../../device/platform/ecma419.ts";
import type { HostLinkIo } from "../../../host/links/host-link-io.ts";
import {
  encodeSerialFrame,
  SerialDecoder,
  serialFrameLengthMax,
} from "../../../shared/frame/serial.ts";
import { SERIAL_MESSAGE_BYTES_MAX } from "../../../shared/limits.ts";
import type { LinkId, LinkTraits } from "../../../shared/session/link.ts";
import type { Life } from "../life.ts";
import { flipBits, type Scene } from "../scene.ts";
import type { Hub } from "../station.ts";

/** An ESP32's UART, each way. */
const FIFO_BYTES = 128;

/** Start bit, eight bits, stop bit. */
const BITS_PER_BYTE = 10;

const CRC_BYTES = 4;

/** As host/links/serial-port.ts tries a port that went away. */
const REOPEN_MS = 1_000;

const HOST_TRAITS: LinkTraits = {
  kind: "serial",
  isReliable: false,
  isDatagram: false,
  messageBytesMax: SERIAL_MESSAGE_BYTES_MAX,
  receiveBytesMax: 0,
};

/** The device's end. */
export class DeviceSerial implements SerialPort {
  readonly #options: SerialOptions;
  readonly #life: Life;
  readonly #line: SerialLine;
  #received: Uint8Array | undefined;
  #room = 0;
  #isClosed = false;

  constructor(options: SerialOptions, life: Life) {
    this.#options = { ...options };
    this.#life = life;
    this.#line = life.device.line;
    this.#line.devicePort = this;
    life.scene.clock.after(1, () => this.handleDrained());
  }

  read(): ArrayBuffer | undefined {
    this.#assertOpen();
    const received = this.#received;
    this.#received = undefined;
    return received?.slice().buffer;
  }

  write(bytes: ArrayBuffer): void {
    this.#life.needPower();
    this.#assertOpen();
    if (bytes.byteLength > this.#room) throw new Error("output full");
    this.#room = 0;
    this.#line.sendToHost(this.#life, new Uint8Array(bytes.slice(0)), this);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#line.devicePort === this) this.#line.devicePort = undefined;
  }

  /** All that was written is on the wire. */
  handleDrained(): void {
    if (this.#isClosed) return;
    this.#room = FIFO_BYTES;
    this.#life.enter(() => this.#options.onWritable?.call(this, FIFO_BYTES));
  }

  receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#received = bytes;
    this.#life.enter(() => this.#options.onReadable?.call(this, bytes.length));
  }

  handleHangup(): void {
    if (this.#isClosed) return;
    this.#life.enter(() => this.#options.onError?.call(this));
    this.close();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error("serial port used after close");
  }
}

/** The cable, and the host's port at its end. */
export class SerialLine {
  devicePort: DeviceSerial | undefined;
  /** Everything is swallowed before this time. */
  swallowUntilMs = 0;

  readonly #scene: Scene;
  readonly #where: string;
  readonly #msPerByte: number;
  #hub: Hub | undefined;
  #id: LinkId | undefined;
  #decoder = new SerialDecoder();
  #pluggedAtMs = 0;
  #toDeviceAtMs = 0;

  constructor(scene: Scene, name: string, baud: number) {
    this.#scene = scene;
    this.#where = `serial ${name}`;
    this.#msPerByte = (1_000 * BITS_PER_BYTE) / baud;
  }

  // The host's port

  /** A collector began: it opens the port, and where it is away tries again and again. */
  openAt(hub: Hub): void {
    if (this.#scene.station.hub !== hub) return;
    const { clock } = this.#scene;
    if (clock.nowMs < this.#pluggedAtMs) {
      clock.after(REOPEN_MS, () => this.openAt(hub));
      return;
    }
    this.#hub = hub;
    this.#decoder = new SerialDecoder();
    this.#beginLink(hub);
  }

  /** The collector died: whatever was open is closed. */
  forgetHost(): void {
    this.#hub = undefined;
    this.#id = undefined;
  }

  get scene(): Scene {
    return this.#scene;
  }

  sendToDevice(frame: Uint8Array): void {
    const { clock, story } = this.#scene;
    const startMs = Math.max(this.#toDeviceAtMs, clock.nowMs);
    this.#toDeviceAtMs = startMs + frame.length * this.#msPerByte;
    clock.at(this.#toDeviceAtMs, () => {
      const bytes = this.#weathered(frame);
      story.note(bytes);
      for (let at = 0; at < bytes.length; at += FIFO_BYTES) {
        this.devicePort?.receive(bytes.subarray(at, at + FIFO_BYTES));
      }
    });
  }

  // The device's side

  sendToHost(life: Life, bytes: Uint8Array, port: DeviceSerial): void {
    this.#scene.clock.after(bytes.length * this.#msPerByte, () => {
      this.#receive(life, this.#weathered(bytes));
      port.handleDrained();
    });
  }

  /** What a boot loader prints, or what another speed makes of it. */
  bootText(life: Life, bytes: Uint8Array): void {
    this.#receive(life, bytes);
  }

  // The weather

  unplug(durationMs: number, isDeviceTold: boolean): void {
    const { clock } = this.#scene;
    this.#pluggedAtMs = clock.nowMs + durationMs;
    this.swallowUntilMs = Math.max(this.swallowUntilMs, this.#pluggedAtMs);
    const hub = this.#hub;
    this.#hub = undefined;
    if (hub !== undefined) {
      this.#leave(hub);
      hub.pump();
      clock.after(REOPEN_MS, () => this.openAt(hub));
    }
    if (isDeviceTold) this.devicePort?.handleHangup();
  }

  heal(): void {
    this.swallowUntilMs = 0;
    this.#pluggedAtMs = 0;
  }

  #receive(life: Life, bytes: Uint8Array): void {
    const hub = this.#hub;
    if (hub === undefined || bytes.length === 0) return;
    const decoder = this.#decoder;
    decoder.handleBytes(bytes);
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      if (event.kind !== "message") hub.handleNoise(this.#where, event);
      else if (this.#id !== undefined) {
        this.#scene.handleArrival(life, event.bytes, false);
        hub.handleMessage(this.#id, event.bytes);
      }
    }
    hub.pump();
  }

  /** A session that ends leaves the line as it is: the next one begins on it. */
  #beginLink(hub: Hub): void {
    const restart = () => {
      if (this.#hub !== hub) return;
      this.#leave(hub);
      this.#beginLink(hub);
    };
    this.#id = hub.handleLinkUp(new SerialLinkIo(this, this.#where, restart));
  }

  #leave(hub: Hub): void {
    if (this.#id !== undefined) hub.handleLinkDown(this.#id);
    this.#id = undefined;
  }

  #weathered(bytes: Uint8Array): Uint8Array {
    const { conditions, chance, story, clock } = this.#scene;
    if (clock.nowMs < this.swallowUntilMs) return bytes.subarray(0, 0);
    let arrived = bytes;
    if (conditions.befalls("serialDrop", bytes.length)) {
      story.countFault("serial-drop");
      const at = chance.integer(0, bytes.length - 1);
      const count = chance.integer(1, 3);
      arrived = bytes.filter((_, index) => index < at || index >= at + count);
    }
    if (arrived.length > 0 && conditions.befalls("serialFlip", bytes.length)) {
      story.countFault("serial-flip");
      arrived = new Uint8Array(arrived);
      flipBits(arrived, chance);
    }
    return arrived;
  }
}

class SerialLinkIo implements HostLinkIo {
  readonly traits = HOST_TRAITS;
  readonly where: string;
  readonly address: string;
  readonly end: () => void;
  readonly #line: SerialLine;

  constructor(line: SerialLine, where: string, end: () => void) {
    this.#line = line;
    this.where = where;
    this.address = where;
    this.end = end;
  }

  send(message: Uint8Array): void {
    this.#line.scene.handleSent(this.where, message, false);
    const padded = new Uint8Array(message.length + CRC_BYTES);
    padded.set(message);
    const frame = new Uint8Array(serialFrameLengthMax(message.length));
    const length = encodeSerialFrame(padded, message.length, frame);
    this.#line.sendToDevice(frame.slice(0, length));
  }
}
