// Which serial port the settings mean, and whether it is free: a board may have two kinds, and a debug
// build's debugger has one of them to itself.

import type { SerialOptions, SerialPort } from "../platform/ecma419.ts";
import type { Platform } from "../platform/platform.ts";
import type { SerialSettings } from "../settings.ts";

/** What is in the way of the serial path for as long as this build runs, and what to do; undefined where nothing is. */
export function serialFault(platform: Platform, settings: SerialSettings): string | undefined {
  if (settings.usb === true) {
    return platform.UsbSerial === undefined
      ? "serial.usb: this chip has no USB Serial/JTAG; leave it out and name a port with its pins"
      : undefined;
  }
  const isTaken = settings.port !== undefined && settings.port === platform.debuggerPort;
  return isTaken
    ? `UART ${settings.port} is the debugger's in this build: set serial.port and its pins to another UART, or build for release`
    : undefined;
}

/** Throws where there is no such port, or it is in use. */
export function openSerialPort(
  platform: Platform,
  settings: SerialSettings,
  callbacks: Pick<SerialOptions, "onReadable" | "onWritable" | "onError">,
): SerialPort {
  const fault = serialFault(platform, settings);
  if (fault !== undefined) throw new Error(fault);
  const Port = settings.usb === true ? platform.UsbSerial! : platform.Serial;
  return new Port({ ...settings, ...callbacks });
}
