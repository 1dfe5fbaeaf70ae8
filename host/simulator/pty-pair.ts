// Two connected serial ends without hardware: a pair of ptys made by socat. What is written to one is
// read from the other.

import { type ChildProcess, spawn } from "node:child_process";

export interface PtyPair {
  readonly a: string;
  readonly b: string;
  close(): void;
}

/** socat says this once for each end: `... N PTY is /dev/pts/5`. */
const PTY_LINE = /PTY is (\S+)/g;

/** Makes a pair; undefined where socat is not installed. */
export function openPtyPair(): Promise<PtyPair | undefined> {
  return new Promise((resolve) => {
    const end = "pty,raw,echo=0";
    const socat = spawn("socat", ["-d", "-d", end, end], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    socat.once("error", () => resolve(undefined));
    socat.once("exit", () => resolve(undefined));
    socat.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const [a, b] = [...said.matchAll(PTY_LINE)].map((match) => match[1]!);
      if (a !== undefined && b !== undefined) resolve({ a, b, close: () => closePair(socat) });
    });
  });
}

function closePair(socat: ChildProcess): void {
  socat.kill();
}
