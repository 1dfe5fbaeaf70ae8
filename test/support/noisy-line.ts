// A serial line that is not clean: two pty pairs with this process between them, which flips bits and
// swallows stretches of bytes in the middle of frames. Seeded, so a failure can be seen again.

import { SerialPort } from "serialport";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import { openPtyPair } from "./pty.ts";

export interface NoisyLineOptions {
  readonly seed: number;
  /** Chance of a byte having one bit flipped. */
  readonly flip: number;
  /** Chance of a cut beginning at a byte, and how many bytes it swallows. */
  readonly cut: number;
  readonly cutBytes: number;
}

export interface NoisyLine {
  readonly collectorEnd: string;
  readonly deviceEnd: string;
  readonly flipped: () => number;
  readonly swallowed: () => number;
  close(): Promise<void>;
}

export async function openNoisyLine(options: NoisyLineOptions): Promise<NoisyLine> {
  const [near, far] = [await openPtyPair(), await openPtyPair()];
  const [left, right] = await Promise.all([openPort(near.b), openPort(far.b)]);
  const random = mulberry32(options.seed);
  let flipped = 0;
  let swallowed = 0;
  const relay = (from: SerialPort, to: SerialPort) => {
    let cutLeft = 0;
    from.on("data", (chunk: Buffer) => {
      const kept: number[] = [];
      for (const byte of chunk) {
        if (cutLeft === 0 && random() < options.cut) cutLeft = options.cutBytes;
        if (cutLeft > 0) {
          cutLeft--;
          swallowed++;
        } else if (random() < options.flip) {
          kept.push(byte ^ (1 << Math.floor(8 * random())));
          flipped++;
        } else {
          kept.push(byte);
        }
      }
      to.write(Buffer.from(kept));
    });
  };
  relay(left, right);
  relay(right, left);
  return {
    collectorEnd: near.a,
    deviceEnd: far.a,
    flipped: () => flipped,
    swallowed: () => swallowed,
    close: async () => {
      await Promise.all([closePort(left), closePort(right)]);
      await Promise.all([near.close(), far.close()]);
    },
  };
}

function openPort(path: string): Promise<SerialPort> {
  return new Promise((resolve, reject) => {
    const port = new SerialPort({ path, baudRate: 115_200 }, (error) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function closePort(port: SerialPort): Promise<void> {
  return new Promise((resolve) => {
    if (port.isOpen) port.close(() => resolve());
    else resolve();
  });
}
