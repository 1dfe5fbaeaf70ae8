// What the firmware calls by FFI, on FAKES of ESP-IDF's drivers: they do what ESP-IDF 6.0's sources say,
// and no board has confirmed it yet.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SerialLink } from "../../device/links/serial.ts";
import { serialFault } from "../../device/links/serial-port.ts";
import { ChipThermometer } from "../../device/platform/chip-thermometer.ts";
import type { Platform } from "../../device/platform/platform.ts";
import { type UsbSerialDriver, usbSerialOn } from "../../device/platform/usb-serial-jtag.ts";
import { DEFAULT_SETTINGS } from "../../device/settings.ts";
import { Uplink } from "../../device/uplink.ts";
import { createNodePlatform } from "../../host/simulator/io/node-platform.ts";
import { nodeTimers } from "../../host/simulator/io/timers.ts";
import { BlobExchange } from "../../shared/blob/exchange.ts";
import { NO_SHELF } from "../../shared/blob/shelf.ts";
import {
  encodeSerialFrame,
  SerialDecoder,
  serialFrameLengthMax,
} from "../../shared/frame/serial.ts";
import type { DeviceSession } from "../../shared/session/device.ts";

const INVALID_STATE = 0x103; // ESP_ERR_INVALID_STATE

/** The driver's ring buffers, and a computer at the other end that takes bytes when it is told to. */
class FakeUsbSerialDriver implements UsbSerialDriver {
  sent: number[] = [];
  arriving: number[] = [];
  room = 0;
  isInstalled = false;

  usb_serial_jtag_driver_install(config: ArrayBuffer): number {
    if (this.isInstalled) return INVALID_STATE;
    this.isInstalled = true;
    const [sendBytes, receiveBytes] = new Uint32Array(config);
    expect(receiveBytes).toBeGreaterThan(64); // ESP-IDF refuses no more than a USB packet
    this.room = sendBytes!;
    return 0;
  }

  usb_serial_jtag_driver_uninstall(): number {
    this.isInstalled = false;
    return 0;
  }

  usb_serial_jtag_read_bytes(into: ArrayBuffer, bytesMax: number, waitTicks: number): number {
    expect([into.byteLength >= bytesMax, waitTicks, this.isInstalled]).toEqual([true, 0, true]);
    const bytes = this.arriving.splice(0, bytesMax);
    new Uint8Array(into).set(bytes);
    return bytes.length;
  }

  usb_serial_jtag_write_bytes(bytes: ArrayBuffer, count: number, waitTicks: number): number {
    expect([waitTicks, this.isInstalled]).toEqual([0, true]);
    if (count > this.room) return 0;
    this.room -= count;
    this.sent.push(...new Uint8Array(bytes, 0, count));
    return count;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

function usbPlatform(trace: (line: string) => void = () => undefined) {
  const driver = new FakeUsbSerialDriver();
  const UsbSerial = usbSerialOn(driver, nodeTimers);
  const platform: Platform = { ...createNodePlatform({ trace }), UsbSerial };
  return { driver, platform };
}

const USB = { baud: 115_200, usb: true };

test("messages go both ways through the link of every serial port", () => {
  const { driver, platform } = usbPlatform();
  const heard: string[] = [];
  let toSend = 0;
  const transmit = () =>
    link.transmit((writer) => {
      if (toSend === 0) return false;
      for (let count = 0; count < 900; count++) writer.writeU8((toSend * count) & 0xff);
      toSend--;
      return true;
    });
  const link = new SerialLink(platform, USB, {
    handleOpen: () => heard.push("open"),
    handleMessage: (bytes) => heard.push(`message ${bytes[0]} of ${bytes.length}`),
    handleRoom: transmit,
    handleClosed: () => heard.push("closed"),
  });
  vi.advanceTimersByTime(20);
  expect(heard).toEqual(["open"]);

  const message = new Uint8Array(64).fill(0x11);
  const bytes = new Uint8Array([...message, 0, 0, 0, 0]);
  const frame = new Uint8Array(serialFrameLengthMax(64));
  const length = encodeSerialFrame(bytes, message.length, frame);
  driver.arriving.push(...frame.subarray(0, length));
  vi.advanceTimersByTime(20);
  expect(heard).toEqual(["open", "message 17 of 64"]);

  toSend = 3;
  driver.room = 700; // less than a frame
  transmit();
  vi.advanceTimersByTime(1_000);
  expect(driver.sent.length).toBeLessThanOrEqual(700);
  driver.room = 100_000; // the computer reads again
  vi.advanceTimersByTime(1_000);
  const decoder = new SerialDecoder(1_400);
  decoder.handleBytes(Uint8Array.from(driver.sent));
  const messages: number[][] = [];
  for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
    if (event.kind === "message") messages.push([event.bytes[1]!, event.bytes.length]);
  }
  expect(messages).toEqual([
    [3, 900],
    [2, 900],
    [1, 900],
  ]);

  link.close();
  link.close();
  expect(driver.isInstalled).toBe(false);
  vi.advanceTimersByTime(1_000); // a closed port asks its driver nothing
});

test("a port that is in use throws, and can be opened once it is free", () => {
  const { driver, platform } = usbPlatform();
  const Port = platform.UsbSerial!;
  const first = new Port({ baud: 0 });
  expect(() => new Port({ baud: 0 })).toThrow(`driver says ${INVALID_STATE}`);
  first.close();
  const second = new Port({ baud: 0 });
  driver.room = 0;
  second.write(new ArrayBuffer(10));
  expect(() => second.write(new ArrayBuffer(1))).toThrow("output full");
  expect(second.read()).toBe(undefined);
  second.close();
});

test("what is in the way of a serial path for good, and what to do", () => {
  const platform = createNodePlatform();
  const debugged = { ...platform, debuggerPort: 0 };
  const usb = usbPlatform().platform;
  expect(serialFault(platform, DEFAULT_SETTINGS.serial)).toBe(undefined);
  expect(serialFault(debugged, DEFAULT_SETTINGS.serial)).toContain("build for release");
  expect(serialFault(debugged, { baud: 115_200, port: 1 })).toBe(undefined);
  expect(serialFault(debugged, { baud: 115_200, device: "/dev/ttyUSB0" })).toBe(undefined);
  expect(serialFault(platform, USB)).toContain("no USB Serial/JTAG");
  expect(serialFault(usb, USB)).toBe(undefined);
});

test("a path that is not to be had is left out, and said once", () => {
  const lines: string[] = [];
  let opened = 0;
  const platform: Platform = {
    ...createNodePlatform({ trace: (line) => lines.push(line) }),
    debuggerPort: 0,
    Serial: class {
      constructor() {
        opened++;
      }
    } as never,
  };
  const session = {
    handleTimeout: () => undefined,
    pollEvent: () => undefined,
    pollTimeoutMs: () => undefined,
  } as unknown as DeviceSession;
  let nowMs = 0;
  const uplink = new Uplink({
    platform,
    settings: { ...DEFAULT_SETTINGS, paths: ["serial"] },
    session,
    blobs: new BlobExchange({ shelf: NO_SHELF, windowBytes: 0 }),
    nowMs: () => nowMs,
    handleWelcomed: () => undefined,
    handleChange: () => undefined,
  });
  for (; nowMs < 3_600_000; nowMs += 10_000) uplink.pump();
  expect(opened).toBe(0);
  expect(uplink.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
  expect(lines).toEqual([expect.stringContaining("serial: left out: UART 0 is the debugger's")]);
});

test("the chip's thermometer: installed once, and no value where the driver refuses", () => {
  let installed = 0;
  const driver = {
    fault: 0,
    temperature_sensor_install(config: ArrayBuffer, handle: ArrayBuffer): number {
      expect([...new Int32Array(config)]).toEqual([-10, 80, 0, 0]);
      new Uint32Array(handle)[0] = 0x3fc8_0010;
      installed++;
      return this.fault;
    },
    temperature_sensor_enable: (handle: number) => {
      expect(handle).toBe(0x3fc8_0010);
      return 0;
    },
    temperature_sensor_get_celsius(handle: number, into: ArrayBuffer): number {
      expect(handle).toBe(0x3fc8_0010);
      new Float32Array(into)[0] = 41.5;
      return this.fault;
    },
  };
  const thermometer = new ChipThermometer(driver);
  expect([thermometer.read(), thermometer.read(), installed]).toEqual([41.5, 41.5, 1]);
  driver.fault = INVALID_STATE;
  expect(thermometer.read()).toBe(undefined);
  expect(new ChipThermometer(driver).read()).toBe(undefined);
});
