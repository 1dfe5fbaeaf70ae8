// `senda echo`, RFC 862: whatever comes goes back, to several clients at once, fast and slow.

import { describe, expect, test } from "vitest";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { askUdp, TcpClient } from "./support/clients.ts";

temporaryFolder(); // ends what still runs when the tests are over

async function startEcho(...args: readonly string[]) {
  const echo = new RunningSenda("echo", "--json", ...args);
  const { tcp, udp } = await echo.event("listening");
  return { echo, tcpPort: Number(portOf(tcp)), udpPort: Number(portOf(udp)) };
}

const ANY = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0"];

test("several clients at once, in single bytes and in megabytes", async () => {
  const { echo, tcpPort, udpPort } = await startEcho(...ANY);
  const clients = await Promise.all(Array.from({ length: 10 }, () => TcpClient.connect(tcpPort)));
  const large = Buffer.from(Array.from({ length: 1_000_000 }, (_, n) => (n * 7) & 0xff));
  await Promise.all(
    clients.map(async (client, index) => {
      const bytes = index === 0 ? large : Buffer.from(`Hola Mundo ${index}! ñ`);
      if (index === 0) client.send(bytes);
      else for (const byte of bytes) client.send(Uint8Array.of(byte));
      expect((await client.receive(bytes.length)).equals(bytes)).toBe(true);
    }),
  );
  expect((await askUdp(udpPort, "TyR: Echo sobre UDP")).toString()).toBe("TyR: Echo sobre UDP");
  const largest = Buffer.alloc(65_507, "z");
  expect((await askUdp(udpPort, largest)).equals(largest)).toBe(true);
  await Promise.all(clients.map((client) => client.close()));
  expect(await echo.stop()).toBe(0);
  expect(await echo.event("stopped")).toMatchObject({
    connections: 10,
    datagrams: 2,
    turnedAway: 0,
  });
});

test("a client that ends its side gets the rest of its echo before the connection ends", async () => {
  const { echo, tcpPort } = await startEcho("--tcp", "127.0.0.1:0", "--udp", "off");
  const client = await TcpClient.connect(tcpPort);
  const bytes = Buffer.alloc(500_000, "abc");
  client.socket.end(bytes);
  expect((await client.ended()).equals(bytes)).toBe(true);
  expect(await echo.stop()).toBe(0);
});

test("a client that reads nothing is not read from; Ctrl-C ends it all the same", async () => {
  const { echo, tcpPort } = await startEcho("--tcp", "127.0.0.1:0", "--udp", "off");
  const deaf = await TcpClient.connect(tcpPort);
  deaf.socket.pause();
  deaf.send(Buffer.alloc(50_000_000));
  const other = await TcpClient.connect(tcpPort);
  other.send("still here");
  expect((await other.receive(10)).toString()).toBe("still here");
  expect(deaf.socket.writableLength).toBeGreaterThan(0);
  await other.close();
  expect(await echo.stop()).toBe(0);
});

describe("addresses", () => {
  test("IPv6", async () => {
    const { echo, tcpPort, udpPort } = await startEcho("--tcp", "[::1]:0", "--udp", "[::1]:0");
    const client = await TcpClient.connect(tcpPort, "::1");
    client.send("seis");
    expect((await client.receive(4)).toString()).toBe("seis");
    await client.close();
    expect((await askUdp(udpPort, "seis", "::1")).toString()).toBe("seis");
    expect(await echo.stop()).toBe(0);
  });

  test("nothing to listen on, and a port that is taken", async () => {
    const off = await runSenda("echo", "--tcp", "off", "--udp", "off");
    expect(off).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("leave --tcp or --udp"),
    });
    const { echo, tcpPort } = await startEcho("--tcp", "127.0.0.1:0", "--udp", "off");
    const taken = await runSenda("echo", "--tcp", `127.0.0.1:${tcpPort}`, "--udp", "127.0.0.1:0");
    expect(taken).toMatchObject({ status: 1, stderr: expect.stringContaining("in use") });
    await echo.stop();
  });
});
