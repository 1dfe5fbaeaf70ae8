// What people write behind --plain.

import { describe, expect, test } from "vitest";
import { deviceNameOf } from "../../host/plain/device-name.ts";
import { PlainSpecError, parsePlainInput } from "../../host/plain/input-parser.ts";

test("an address alone: lines of text by TCP, no answer", () => {
  expect(parsePlainInput("127.0.0.1:5000")).toEqual({
    place: { kind: "tcp", address: { host: "127.0.0.1", port: 5000 } },
    framing: { kind: "line" },
    decoding: { kind: "text" },
    channels: [],
    answering: { kind: "none" },
    allow: [],
    name: "plain-{address}-{port}",
    timeField: undefined,
    frameBytesMax: 65_536,
    clientsMax: 256,
  });
});

test("every option, lists, and commas within values", () => {
  const text =
    "udp://[::1]:5005,framing=length4,decode=json,channels=t:Cel,rh:%RH,answer=raw:Gracias\\, amigo," +
    "allow=192.168.4.7,fd00::/8,name=lab-{field:id},time=at,frame=100,clients=3";
  expect(parsePlainInput(text)).toMatchObject({
    place: { kind: "udp", address: { host: "::1", port: 5005 } },
    framing: { kind: "length4" },
    channels: [
      { name: "t", unit: "Cel" },
      { name: "rh", unit: "%RH" },
    ],
    answering: { kind: "text", text: "Gracias, amigo", isFramed: false },
    allow: ["192.168.4.7", "fd00::/8"],
    name: "lab-{field:id}",
    timeField: "at",
    frameBytesMax: 100,
    clientsMax: 3,
  });
});

test("defaults follow the place", () => {
  expect(parsePlainInput("udp://:5005").framing).toEqual({ kind: "datagram" });
  expect(parsePlainInput("serial:///dev/ttyUSB0@9600")).toMatchObject({
    place: { kind: "serial", address: { path: "/dev/ttyUSB0", baud: 9_600 } },
    name: "plain-{address}",
  });
  expect(parsePlainInput(":5005,decode=struct:=iii").decoding).toMatchObject({ kind: "struct" });
});

describe("what cannot be says what is expected", () => {
  test.each([
    ["", "ADDR:PORT"],
    ["http://localhost:80", "ADDR:PORT"],
    ["serial://", "PATH"],
    [":1,framing=cobs", "length4, header10"],
    [":1,framing=datagram", "udp://"],
    [":1,framing=raw:0", "raw:50ms"],
    [":1,decode=xml", "json, cbor"],
    [":1,decode=struct:iii", '"<"'],
    [":1,decode=text:nothing", "{temperature}"],
    [":1,decode=text:{a}{b}", "side by side"],
    [":1,decode=file:", "file:FOLDER"],
    [":1,answer=maybe", "echo"],
    [":1,allow=localhost", "192.168.4.7"],
    [":1,allow=10.0.0.0/33", "192.168.4.7"],
    [":1,name={who}", "{address}"],
    [":1,channels=", "temperature"],
    [":1,frame=0", "1 to"],
    [":1,frame=99999999999", "1 to"],
    [":1,clients=x", "1 to"],
    [":1,color=red", "framing="],
    [":1,stray", "framing="],
    [":1,frame=1,frame=2", "twice"],
  ])("%s", (text, expected) => {
    expect(() => parsePlainInput(text)).toThrow(PlainSpecError);
    expect(() => parsePlainInput(text)).toThrow(expected);
  });
});

test("names of devices", () => {
  const parts = { address: "10.0.0.7", port: 5005, values: new Map([["id", "kitchen"]]) };
  expect(deviceNameOf("shed", parts)).toBe("shed");
  expect(deviceNameOf("{address}:{port}", parts)).toBe("10.0.0.7:5005");
  expect(deviceNameOf("lab-{field:id}", parts)).toBe("lab-kitchen");
  expect(deviceNameOf("lab-{field:other}", parts)).toBeUndefined();
  const long = { ...parts, values: new Map([["id", "x".repeat(65)]]) };
  expect(deviceNameOf("{field:id}", long)).toBeUndefined();
  const steering = { ...parts, values: new Map([["id", "a\x1b[2J"]]) };
  expect(deviceNameOf("{field:id}", steering)).toBeUndefined();
});
