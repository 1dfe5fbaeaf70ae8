// Addresses as people write them: "127.0.0.1:7363", "[::1]:7363", ":7363", "7363"; and serial ports.

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SerialAddress {
  /** Of a tty: /dev/ttyUSB0, COM3. */
  readonly path: string;
  readonly baud: number;
}

/** What an ESP32's boot loader speaks, so that its messages can be read too. */
export const DEFAULT_BAUD = 115_200;

/** Where people and their programs ask the collector. */
export const DEFAULT_HTTP_PORT = 7380;

const PORT_MAX = 65_535;

/** Parses an address; a missing host is loopback. Undefined where it is none. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:(\[[^\]]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[2]);
  if (port > PORT_MAX) return undefined;
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { host: host === "" ? "127.0.0.1" : host, port };
}

/** Only this computer reaches the address. A name other than localhost may mean anything. */
export function isLoopback(host: string): boolean {
  return host === "::1" || host === "localhost" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The inverse of `parseAddress`. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
