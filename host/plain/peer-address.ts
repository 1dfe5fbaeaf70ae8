// Addresses of clients as they are shown and compared.

/** "::ffff:192.168.4.7" as "192.168.4.7", "fe80::1%eth0" as "fe80::1". */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
}
