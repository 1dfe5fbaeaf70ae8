// `senda echo`: sends back what comes, to try clients and networks with.

import { Command } from "commander";
import { formatAddress } from "../../links/address.ts";
import {
  type EchoCounters,
  type EchoEvent,
  type HandleEcho,
  TcpEcho,
  UdpEcho,
} from "../../plain/echo/echo.ts";
import { type AddressOrOff, addressOrOff } from "../arguments.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { goOnWithoutOutput } from "../lost-output.ts";
import { stopSignal } from "../stop-signal.ts";

interface EchoFlags {
  readonly tcp: AddressOrOff;
  readonly udp: AddressOrOff;
  readonly json?: true;
}

/** The service's own port, 7, needs privileges. */
const ECHO_PORT = 7_007;

export function echoCommand(): Command {
  const address = { host: "127.0.0.1", port: ECHO_PORT };
  return new Command("echo")
    .description("Sends back whatever comes by TCP and UDP (RFC 862).")
    .option(
      "--tcp <addr:port>",
      'where to listen for TCP; "off" for not at all',
      addressOrOff,
      address,
    )
    .option(
      "--udp <addr:port>",
      'where to listen for UDP; "off" for not at all',
      addressOrOff,
      address,
    )
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
Defaults: TCP and UDP on 127.0.0.1:${ECHO_PORT}, which only this computer reaches. Beyond it, an echo of
UDP can be made to answer forged addresses: use it in networks that you trust.

Examples:
  $ senda echo --tcp 127.0.0.1:3500 --udp 127.0.0.1:3500
  $ senda echo --tcp [::1]:3500 --udp off`,
    )
    .action(echo);
}

async function echo({ tcp, udp, json }: EchoFlags): Promise<void> {
  if (tcp === "off" && udp === "off") {
    throw new CommandFailure("echo: leave --tcp or --udp on", EXIT_USAGE);
  }
  goOnWithoutOutput();
  const print = json ? printJson : printForPeople;
  const handle: HandleEcho = (event) => print(event, describe(event));
  const stop = stopSignal();
  const tcpEcho = tcp === "off" ? undefined : await TcpEcho.open(tcp, handle);
  const udpEcho = udp === "off" ? undefined : await openUdp(udp, handle, tcpEcho);
  const places = [tcpEcho, udpEcho].map((opened) => opened && formatAddress(opened.address));
  const [tcpText = null, udpText = null] = places;
  const named = [tcpText && `TCP ${tcpText}`, udpText && `UDP ${udpText}`].filter(Boolean);
  print(
    { event: "listening", tcp: tcpText, udp: udpText },
    `Sending back what comes on ${named.join(" and ")}. Ctrl-C stops.`,
  );
  await stop;
  tcpEcho?.close();
  udpEcho?.close();
  const counters = sumOf(tcpEcho?.counters, udpEcho?.counters);
  print({ event: "stopped", ...counters }, summary(counters));
}

/** Closes what was opened before where this cannot be. */
async function openUdp(
  address: Exclude<AddressOrOff, "off">,
  handle: HandleEcho,
  tcpEcho: TcpEcho | undefined,
): Promise<UdpEcho> {
  try {
    return await UdpEcho.open(address, handle);
  } catch (error) {
    tcpEcho?.close();
    throw error;
  }
}

function describe(event: EchoEvent): string {
  switch (event.event) {
    case "connected":
      return `+ ${event.where} is here`;
    case "turned-away":
      return `! ${event.where} turned away: too many clients`;
    case "disconnected":
      return `- ${event.where} left: ${event.bytes} bytes`;
    case "datagram":
      return `  ${event.where}: ${event.bytes} bytes`;
  }
}

function sumOf(one: EchoCounters | undefined, other: EchoCounters | undefined): EchoCounters {
  const sum = (key: keyof EchoCounters) => (one?.[key] ?? 0) + (other?.[key] ?? 0);
  return {
    connections: sum("connections"),
    datagrams: sum("datagrams"),
    bytes: sum("bytes"),
    turnedAway: sum("turnedAway"),
  };
}

function summary({ connections, datagrams, bytes, turnedAway }: EchoCounters): string {
  const more = turnedAway > 0 ? `, ${turnedAway} clients turned away` : "";
  return `Sent back ${bytes} bytes: ${connections} connections, ${datagrams} datagrams${more}.`;
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function printForPeople(_value: object, text: string): void {
  process.stdout.write(`${text}\n`);
}
