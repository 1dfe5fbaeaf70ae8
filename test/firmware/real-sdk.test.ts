// The firmware with the real Moddable SDK: built for Linux by `senda flash`; run on XS in a board's memory
// against a real collector, sealed, with links that are cut and a collector that is killed; and the
// JavaScript half of the builds for boards.

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import type { Settings } from "../../device/settings.ts";
import { signedText } from "../../device/update/manifest.ts";
import { signFirmware, updateKeyOf } from "../../host/firmware/sign.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { describeWith } from "../support/needs.ts";
import { openNoisyLine } from "../support/noisy-line.ts";
import { socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { makeKey } from "../update/world.ts";
import { TcpRelay, UdpRelay } from "./link-faults.ts";
import {
  Board,
  buildWatched,
  bundleStarter,
  compileHeadless,
  type Memory,
  makeJavascriptHalf,
  sdk,
  stopBoards,
} from "./moddable.ts";

const folder = temporaryFolder();
const ANYWHERE = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0"];

/** The first build compiles XS itself. */
const BUILD_MS_MAX = 600_000;

/** Of a board's memory, the part that the firmware may use. */
const SHARE_MAX = 0.8;

/** A slot on Linux; a board's has half of it, but counts are the same. */
const SLOT_BYTES = 32;
const BOARD_SLOT_BYTES = 16;

const PATHS = ["tcp", "udp", "serial"] as const;

const READINGS = 100_000;
/** After each of them links are cut, after every fifth the collector is killed. */
const PARTS = 20;
const SOAK_MS_MAX = 300_000;

/** Linux has no converter: that sensor never starts, and nothing else notices. */
const SENSORS = [
  { kind: "random" },
  { kind: "chip", periodMs: 1_000 },
  { kind: "analog", name: "soil", pin: 34, periodMs: 1_000 },
];

afterAll(stopBoards);

describeWith("the Moddable SDK (MODDABLE)", sdk !== undefined, "with the real SDK", () => {
  test("`senda flash --platform lin --build-only` builds", { timeout: BUILD_MS_MAX }, async () => {
    const args = ["--platform", "lin", "--build-only", "--name", "box"];
    const { status, stdout, stderr } = await runSenda("flash", ...args);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/done in \d+ s: .*mc\.so, /);
  });

  test.each([
    ["esp32/nodemcu", "78848,0,4928,0,768,"],
    ["esp32/esp32s3", "78848,0,4928,0,768,"],
    ["esp32/esp32c6", "78848,0,4928,0,768,"],
    ["esp32/esp32c3", "1536,512,512,64,768,"],
  ])("%s: the JavaScript half", { timeout: BUILD_MS_MAX }, async (platform, creation) => {
    const half = await makeJavascriptHalf(platform);
    const { romSlotBytes, aliases, warnings } = half;
    console.log(`${platform}: ${romSlotBytes} bytes of slots in ROM, ${aliases} aliases in RAM`);
    expect(warnings).toEqual([]);
    expect(romSlotBytes).toBeLessThan(ROM_SLOT_BYTES_MAX);
    expect(aliases).toBeLessThan(ALIASES_MAX);
    expect(half.creation).toContain(creation);
    expect(half.sdkconfig).toMatch(/^CONFIG_ESP_TASK_WDT_PANIC=y$/m);
  });
});

/** Of a firmware without drivers; a module that is dragged in by accident costs tens of kilobytes. */
const ROM_SLOT_BYTES_MAX = 310_000;
/** The SDK's own modules have 71, with its elliptic curves. */
const ALIASES_MAX = 85;

describeWith(
  "the Moddable SDK (MODDABLE) or socat",
  sdk !== undefined && socatPath !== undefined,
  "on XS in 80 % of a board's memory",
  () => {
    test(
      `${READINGS} readings over TCP, UDP and a pty that fail, to a collector that is killed thrice`,
      { timeout: BUILD_MS_MAX + SOAK_MS_MAX },
      soak,
    );
  },
);

describeWith("the Moddable SDK (MODDABLE)", sdk !== undefined, "an exception on XS", () => {
  test("restarts the board, which then tells why", { timeout: BUILD_MS_MAX }, async () => {
    const db = join(folder, "crash.db");
    const collector = new RunningSenda("collect", "--db", db, ...ANYWHERE, "--json");
    const { tcp } = await collector.event("listening");
    const { memory, settings: own } = commonBoard();
    const link = { host: "127.0.0.1", tcpPort: Number(portOf(tcp)), paths: ["tcp"] as const };
    const settings = { ...own, ...link, device: "crashing" };
    const options = { name: "crash", settings, memory, starter: CRASH_LATER, files: folder };
    const image = await buildWatched(options);
    const headless = compileHeadless();
    for (let told = ""; !told.includes("exception"); told = await lastStart(db)) {
      const board = new Board(headless, image);
      await expect.poll(() => board.exit, { timeout: SOAK_MS_MAX }).toBe(UNHANDLED_EXCEPTION);
    }
    expect(await lastStart(db)).toContain(
      'after "exception: TypeError: cannot coerce undefined to object (stumble); unknown"',
    );
    expect(await collector.stop()).toBe(0);
  });
});

const CRASH_LATER = fileURLToPath(new URL("crash-later", import.meta.url));

/** Of headless.c: 100 and XS_UNHANDLED_EXCEPTION_EXIT. */
const UNHANDLED_EXCEPTION = 105;

/** The event of the newest start that the store knows of; "" for none. */
async function lastStart(db: string): Promise<string> {
  const reader = await StoreReader.open(db);
  const events = reader.events({ countMax: 5 });
  reader.close();
  return events.findLast(({ kind }) => kind === "restarted")?.text ?? "";
}

describeWith("the Moddable SDK (MODDABLE)", sdk !== undefined, "updates on XS", () => {
  test("the SDK's curves and digest agree with Node's", { timeout: BUILD_MS_MAX }, async () => {
    const { memory } = commonBoard();
    const starter = await bundleStarter("verify-entry");
    const config = { cases: signatureCases() };
    const image = await buildWatched({ name: "verify", settings: {}, memory, starter, config });
    const board = new Board(compileHeadless(), image);
    await expect.poll(() => board.lines, { timeout: SOAK_MS_MAX }).toContain("end");
    await board.stop();
    expect(board.lines.filter((line) => /^[\w ]+: (true|false|[0-9a-f]+)$/.test(line))).toEqual([
      "good: true",
      "another text: false",
      "another key: false",
      "another bit: false",
      "r is 0: false",
      "s is 0: false",
      "all ones: false",
      "sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ]);
  });
});

/** A manifest's signature by Node, and what may be wrong with it. */
function signatureCases() {
  const [good, other] = [makeKey(), makeKey()].map((pem) => ({ pem, key: updateKeyOf(pem) }));
  const manifest = signFirmware(new Uint8Array(100), "senda 0.2.0", good!.pem);
  const text = new TextDecoder().decode(signedText(manifest));
  const hex = (change: (bytes: Uint8Array) => void) => {
    const bytes = manifest.signature.slice();
    change(bytes);
    return Buffer.from(bytes).toString("hex");
  };
  const signature = hex(() => undefined);
  const { key } = good!;
  return [
    { name: "good", key, text, signature },
    { name: "another text", key, text: `${text} `, signature },
    { name: "another key", key: other!.key, text, signature },
    { name: "another bit", key, text, signature: hex((bytes) => (bytes[40]! ^= 1)) },
    { name: "r is 0", key, text, signature: hex((bytes) => bytes.fill(0, 0, 32)) },
    { name: "s is 0", key, text, signature: hex((bytes) => bytes.fill(0, 32)) },
    { name: "all ones", key, text, signature: hex((bytes) => bytes.fill(0xff)) },
  ];
}

interface Kind {
  readonly memory: Memory;
  /** The part of it that the test build gets. */
  readonly share: number;
  readonly settings: Partial<Settings>;
}

/** Most boards: chunks and slots have sizes of their own. */
function commonBoard(): Kind {
  const { chunk, heap, stack } = readManifest("memory.json").platforms.esp32.creation;
  const memory = { chunkBytes: chunk.initial, slots: heap.initial, stackSlots: stack };
  return { memory, share: SHARE_MAX, settings: {} };
}

/**
 * An ESP32-C3: one pool for all, here divided once and for all, and all of it: an item of an array takes
 * twice as much on Linux, which weighs more in a small memory.
 */
function smallBoard(): Kind {
  const { creation, config } = readManifest("memory-c3.json");
  const slots = 2_560;
  const chunkBytes = creation.static - BOARD_SLOT_BYTES * (slots + creation.stack);
  return {
    memory: { chunkBytes, slots, stackSlots: creation.stack },
    share: 1,
    settings: config.senda as Partial<Settings>,
  };
}

function readManifest(name: string) {
  const path = new URL(`../../device/platform/${name}`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8"));
}

async function soak(): Promise<void> {
  const db = join(folder, "soak.db");
  const line = await openNoisyLine({ seed: 5, flip: 1e-3, cut: 5e-4, cutBytes: 40 });
  const { keyFile, key } = await keysForBoards();
  const startCollector = async (tcp: string, udp: string) => {
    const listen = ["--tcp", `127.0.0.1:${tcp}`, "--udp", `127.0.0.1:${udp}`, "--keys", keyFile];
    const serial = ["--serial", line.collectorEnd];
    const running = new RunningSenda("collect", "--db", db, ...listen, ...serial, "--json");
    const listening = await running.event("listening");
    return { running, ports: [portOf(listening.tcp), portOf(listening.udp)] as const };
  };
  let collector = await startCollector("0", "0");
  const { ports } = collector;
  const tcp = new TcpRelay(Number(ports[0]));
  const udp = new UdpRelay(Number(ports[1]), { loss: 0.1, seed: 7 });
  const serial = { baud: 115_200, device: line.deviceEnd };
  const links = { key, tcpPort: await tcp.port(), udpPort: await udp.port(), serial };
  const boards = await startBoards(links);

  for (let part = 1; part <= PARTS; part++) {
    await storedAtLeast(db, (READINGS * part) / PARTS, boards);
    if (part % 5 === 0 && part < PARTS) {
      await collector.running.kill();
      collector = await startCollector(...ports);
    } else tcp.cut();
  }

  for (const { board } of boards) await board.stop();
  expect(await collector.running.stop()).toBe(0);
  for (const close of [() => tcp.close(), () => udp.close(), () => line.close()]) await close();
  for (const started of boards) report(started);
  for (const { board } of boards) {
    expect(board.lines).toContainEqual(expect.stringContaining("sensor soil: not started"));
  }
  const verdict = await runSenda("verify", "--db", db, "--json");
  console.log(
    `${tcp.cuts} cuts, ${udp.lost} datagrams lost, ${line.flipped()} bits flipped, ` +
      `${line.swallowed()} bytes swallowed: ${verdict.stdout.replace(/,"epochs.*/s, "}")}`,
  );
  expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, devices: 3, missing: 0 });
  for (const faults of [udp.lost, line.flipped(), line.swallowed()]) {
    expect(faults).toBeGreaterThan(0);
  }
}

/** The same for all: the SDK's own AES and SHA-256 on one side, OpenSSL's on the other. */
async function keysForBoards(): Promise<{ readonly keyFile: string; readonly key: string }> {
  const [keyFile, file] = [join(folder, "board.keys"), join(folder, "board.key")];
  const key = randomBytes(32).toString("hex");
  writeFileSync(file, key, { mode: 0o600 });
  for (const path of PATHS) {
    const added = await runSenda(
      ...["key", "add", `board-${path}`, "--keys", keyFile, "--key-file", file],
    );
    expect(added.status).toBe(0);
  }
  return { keyFile, key };
}

interface StartedBoard {
  readonly name: string;
  readonly board: Board;
  readonly memory: Memory;
}

/** One board for each kind of link, in no more memory than it may use. */
async function startBoards(links: Partial<Settings>): Promise<StartedBoard[]> {
  const headless = compileHeadless();
  const built: (Omit<StartedBoard, "board"> & { readonly image: string })[] = [];
  for (const path of PATHS) {
    const { memory, share, settings: own } = path === "serial" ? smallBoard() : commonBoard();
    const paths = { host: "127.0.0.1", device: `board-${path}`, paths: [path] };
    const rates = { sensors: SENSORS, samplePeriodMs: 4, batchRowsMax: 25 };
    const settings = { ...own, ...links, ...paths, ...rates };
    const image = await buildWatched({ name: path, settings, memory: part(memory, share) });
    built.push({ name: path, memory, image });
  }
  return built.map(({ image, ...rest }) => ({ ...rest, board: new Board(headless, image) }));
}

function part({ chunkBytes, slots, stackSlots }: Memory, share: number): Memory {
  return {
    chunkBytes: Math.floor(share * chunkBytes),
    slots: Math.floor(share * slots),
    stackSlots: Math.floor(share * stackSlots),
  };
}

async function storedAtLeast(db: string, readings: number, boards: readonly StartedBoard[]) {
  const stopped = await vi.waitFor(
    async () => {
      const halted = boards.find(({ board }) => board.exit !== undefined);
      if (halted !== undefined) return halted;
      const reader = await StoreReader.open(db);
      const stored = reader.devices().map((device) => device.readings);
      reader.close();
      const sum = stored.reduce((all, some) => all + some, 0);
      if (sum < readings) throw new Error(`${sum} of ${readings} readings are stored: ${stored}`);
      return undefined;
    },
    { timeout: SOAK_MS_MAX, interval: 100 },
  );
  if (stopped === undefined) return;
  const { name, board } = stopped;
  throw new Error(`board ${name} stopped (${board.exit}): ${board.lines.slice(-5).join("; ")}`);
}

/** Prints how much was in use at most. That all of it fits was enforced: no more was there. */
function report({ name, board, memory }: StartedBoard): void {
  const chunks = board.peak.chunkBytes!;
  const slots = board.peak.slotBytes! / SLOT_BYTES;
  const stack = board.peak.stackBytes! / SLOT_BYTES;
  const used = (count: number, of: number) =>
    `${count} of ${of} (${Math.round((100 * count) / of)} %)`;
  console.log(
    `board ${name}, peak in use: chunk bytes ${used(chunks, memory.chunkBytes)}, ` +
      `slots ${used(slots, memory.slots)}, stack slots ${used(stack, memory.stackSlots)}`,
  );
  const inUse = chunks + BOARD_SLOT_BYTES * (slots + stack);
  const { chunkBytes, slots: slotsMax, stackSlots } = memory;
  const pool = chunkBytes + BOARD_SLOT_BYTES * (slotsMax + stackSlots);
  console.log(`board ${name}: ${used(inUse, pool)} bytes of all`);
  expect(inUse).toBeLessThan(SHARE_MAX * pool);
}
