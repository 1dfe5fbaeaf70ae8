import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "../../host/links/address.ts";

test.each([
  ["127.0.0.1:7363", "127.0.0.1", 7363],
  ["[::1]:7363", "::1", 7363],
  [":0", "127.0.0.1", 0],
  ["7363", "127.0.0.1", 7363],
  ["greenhouse.local:65535", "greenhouse.local", 65535],
])("%s is an address", (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

test.each(["", "nonsense", "1:2:3", "::1:7363", "host:", "host:65536", "host:-1", "[::1]"])(
  "%j is none",
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test("IPv6 addresses are written in brackets", () => {
  expect(formatAddress({ host: "::", port: 1 })).toBe("[::]:1");
  expect(formatAddress({ host: "0.0.0.0", port: 1 })).toBe("0.0.0.0:1");
});
