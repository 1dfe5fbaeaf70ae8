// The serial ports of this computer, and whether this user may open them.
//
// On Linux they are read from /sys: the serial library asks udevadm, and where that program is
// missing (containers) its error event has no listener and ends the process
// (serialport/bindings-cpp 13.0.0, `linux-list`).

import { access, constants, readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Check, note, ok, reasonOf } from "./check.ts";

interface FoundPort {
  readonly path: string;
  /** "10c4:ea60"; "" for ports that are not on USB. */
  readonly usbId: string;
  readonly manufacturer: string;
  readonly product: string;
  readonly serialNumber: string;
}

const NAME = "serial ports";

/** The folder of a USB device is this many levels above that of its tty, at most. */
const USB_LEVELS_MAX = 6;

/** One check for all ports where none is found or listing fails, else one for each. */
export async function checkSerialPorts(): Promise<Check[]> {
  try {
    const ports = process.platform === "linux" ? await linuxPorts() : await libraryPorts();
    if (ports.length > 0) return await Promise.all(ports.map(checkPort));
    return [note(NAME, "none found", "plug a board in; not all USB cables carry data")];
  } catch (error) {
    const advice = "name the port yourself with --serial PATH";
    return [note(NAME, `cannot be listed: ${reasonOf(error)}`, advice)];
  }
}

async function checkPort(port: FoundPort): Promise<Check> {
  const text = describe(port);
  try {
    if (process.platform !== "win32") await access(port.path, constants.R_OK | constants.W_OK);
    return ok("serial port", text);
  } catch {
    return note("serial port", `${text}: no permission to open it`, await permissionAdvice(port));
  }
}

function describe({ path, usbId, manufacturer, product, serialNumber }: FoundPort): string {
  const parts = [
    ...(usbId === "" ? ["not on USB"] : [`USB ${usbId}`]),
    [manufacturer, product].filter((part) => part !== "").join(" "),
    ...(serialNumber === "" ? [] : [`serial number ${serialNumber}`]),
  ];
  return `${path}: ${parts.filter((part) => part !== "").join(", ")}`;
}

async function permissionAdvice({ path }: FoundPort): Promise<string> {
  if (process.platform !== "linux") return `change the mode of ${path}`;
  const group = await groupOf(path);
  return `\`sudo usermod -a -G ${group} $USER\`, then log in again`;
}

/** The group that may open the port: "dialout" on most distributions, "uucp" on some. */
async function groupOf(path: string): Promise<string> {
  try {
    const { gid } = await stat(path);
    const groups = (await readFile("/etc/group", "utf8")).split("\n");
    const entry = groups.map((line) => line.split(":")).find((fields) => fields[2] === `${gid}`);
    return entry === undefined || gid === 0 ? "dialout" : entry[0]!;
  } catch {
    return "dialout";
  }
}

/** Ports with hardware behind them: a tty whose `device` is not the table of UARTs that may exist. */
async function linuxPorts(): Promise<FoundPort[]> {
  const root = "/sys/class/tty";
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(names.map((name) => linuxPort(name, join(root, name))));
  return found.filter((port) => port !== undefined);
}

async function linuxPort(name: string, folder: string): Promise<FoundPort | undefined> {
  const device = await realpath(join(folder, "device")).catch(() => undefined);
  if (device === undefined || (await isAbsentUart(folder))) return undefined;
  const usb = await usbFolder(device);
  const field = (file: string) => (usb === undefined ? "" : readLine(join(usb, file)));
  const [vendor, id] = [await field("idVendor"), await field("idProduct")];
  return {
    path: `/dev/${name}`,
    usbId: vendor === "" ? "" : `${vendor}:${id}`,
    manufacturer: await field("manufacturer"),
    product: await field("product"),
    serialNumber: await field("serial"),
  };
}

/** The 8250 driver lists every UART that a PC might have; type 0 is one that it has not. */
async function isAbsentUart(folder: string): Promise<boolean> {
  return (await readLine(join(folder, "type"))) === "0";
}

async function usbFolder(device: string): Promise<string | undefined> {
  let folder = device;
  for (let level = 0; level < USB_LEVELS_MAX; level++) {
    if ((await readLine(join(folder, "idVendor"))) !== "") return folder;
    folder = dirname(folder);
  }
  return undefined;
}

/** The file's text without white space around it; "" where it cannot be read. */
async function readLine(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trim();
}

async function libraryPorts(): Promise<FoundPort[]> {
  const { SerialPort } = await import("serialport");
  const ports = await SerialPort.list();
  return ports.map(({ path, vendorId, productId, manufacturer, serialNumber }) => ({
    path,
    usbId: vendorId === undefined ? "" : `${vendorId}:${productId}`.toLowerCase(),
    manufacturer: manufacturer ?? "",
    product: "",
    serialNumber: serialNumber ?? "",
  }));
}
