// The way to a plain server, by TCP, UDP or serial: bytes go out, what comes back is read in a framing
// of its own.

import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect, isIPv6 } from "node:net";
import { SerialPort } from "serialport";
import { type Address, formatAddress, type SerialAddress } from "../../links/address.ts";
import { serialError } from "../../links/listen-error.ts";
import type { AnswerReader } from "./answer-reader.ts";
import { clientError } from "./client-error.ts";

/** A server that does not close its side is not waited for longer than this. */
const LINGER_MS = 500;

export interface Connection {
  /** Resolves once the bytes were taken. Rejects with a LinkError. */
  send(bytes: Uint8Array): Promise<void>;
  /** Sends what waits, and closes. */
  close(): Promise<void>;
}

/** Rejects with a LinkError. */
export async function connectTcp(address: Address, answers: AnswerReader): Promise<Connection> {
  const target = `TCP ${formatAddress(address)}`;
  const socket = connect(address.port, address.host);
  const toError = (error: NodeJS.ErrnoException) => clientError(target, errorWithin(error));
  await once(socket, "connect").catch((error) => Promise.reject(toError(error)));
  socket.setNoDelay(true);
  socket.on("data", (chunk) => answers.handleBytes(chunk));
  socket.on("end", () => answers.handleEnd());
  socket.on("error", (error) => answers.handleError(toError(error)));
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(toError(error)) : resolve()));
      }),
    close: () =>
      new Promise((resolve) => {
        if (socket.closed) resolve();
        socket.once("close", () => resolve());
        socket.end();
        // Destroyed at once, it would answer what still comes with a reset, and the server might lose
        // what it has not read yet.
        setTimeout(() => socket.destroy(), LINGER_MS).unref();
      }),
  };
}

/** Each name may stand for several addresses, which all failed: the first tells why. */
function errorWithin(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error instanceof AggregateError ? error.errors[0] : error;
}

/** Rejects with a LinkError. */
export async function connectUdp(address: Address, answers: AnswerReader): Promise<Connection> {
  const target = `UDP ${formatAddress(address)}`;
  const toError = (error: NodeJS.ErrnoException) => clientError(target, error);
  const { address: ip } = await lookup(address.host).catch((error) =>
    Promise.reject(toError(error)),
  );
  const socket = createSocket(isIPv6(ip) ? "udp6" : "udp4");
  socket.on("message", (datagram) => answers.handleDatagram(datagram));
  // Only a connected socket hears that nothing listens at the other end.
  socket.connect(address.port, ip);
  await once(socket, "connect").catch((error) => Promise.reject(toError(error)));
  socket.on("error", (error) => answers.handleError(toError(error)));
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.send(bytes, (error) => (error ? reject(toError(error)) : resolve()));
      }),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** Rejects with a LinkError. */
export async function connectSerial(
  { path, baud }: SerialAddress,
  answers: AnswerReader,
): Promise<Connection> {
  const port = new SerialPort({ path, baudRate: baud, autoOpen: false, hupcl: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(serialError(path, error)) : resolve()));
  });
  port.on("data", (chunk: Buffer) => answers.handleBytes(chunk));
  port.on("close", () => answers.handleEnd());
  port.on("error", (error) => answers.handleError(serialError(path, error)));
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        port.write(Buffer.from(bytes));
        port.drain((error) => (error ? reject(serialError(path, error)) : resolve()));
      }),
    close: () => new Promise((resolve) => port.close(() => resolve())),
  };
}
