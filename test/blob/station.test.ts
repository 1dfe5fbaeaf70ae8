// Files between a real collector and a simulated device, over real sockets and a pty, while readings flow.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RandomSensor } from "../../device/sensors/random.ts";
import { DEFAULT_SETTINGS, type PathKind, type Settings } from "../../device/settings.ts";
import type { DeviceBlobEvent } from "../../host/collector/blob-desk.ts";
import { Station } from "../../host/collector/station.ts";
import { FileShelf } from "../../host/files/file-shelf.ts";
import { FileSource } from "../../host/files/file-source.ts";
import { type FaultOptions, NO_FAULTS } from "../../host/simulator/faults.ts";
import { SimulatedDevice } from "../../host/simulator/simulated-device.ts";
import type { BlobEvent } from "../../shared/blob/exchange.ts";
import { openPtyPair, type PtyPair, socatPath } from "../support/pty.ts";
import { temporaryFolder } from "../support/senda.ts";

const root = temporaryFolder();
const NAME = "cellar";

class Scene {
  readonly folder: string;
  readonly hostEvents: DeviceBlobEvent[] = [];
  readonly deviceEvents: BlobEvent[] = [];
  station!: Station;
  device: SimulatedDevice | undefined;
  #look: () => void = () => undefined;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(this.boardFolder, { recursive: true });
  }

  get boardFolder(): string {
    return join(this.folder, "board");
  }

  hostPath(name: string): string {
    return join(this.folder, "files", NAME, name);
  }

  async start(serial: string | undefined): Promise<void> {
    this.station = await Station.open({
      db: join(this.folder, "senda.db"),
      files: { folder: join(this.folder, "files") },
      tcp: { host: "127.0.0.1", port: 0 },
      udp: { host: "127.0.0.1", port: 0 },
      serial: serial === undefined ? [] : [{ path: serial, baud: 115_200 }],
      name: "test",
      handleEvent: (event) => {
        if (event.event === "file") this.hostEvents.push(event);
        this.#look();
      },
    });
  }

  switchOn(path: PathKind, tty: string | undefined, faults: Partial<FaultOptions> = {}): void {
    const { tcp, udp } = this.station.addresses([]);
    const settings: Settings = {
      ...DEFAULT_SETTINGS,
      device: NAME,
      tcpPort: tcp!.port,
      udpPort: udp!.port,
      paths: [path],
      serial: { baud: 115_200, device: tty ?? "" },
      samplePeriodMs: 20,
      batchAgeMsMax: 50,
    };
    this.device = new SimulatedDevice({
      settings,
      sensors: [{ sensor: new RandomSensor(1), periodMs: 20 }],
      faults: { ...NO_FAULTS, ...faults },
      seed: 1,
      samplesMax: 0,
      isPatient: false,
      shelf: new FileShelf({
        folder: this.boardFolder,
        isReplacing: true,
        handleChange: () => this.device?.wake(),
      }),
      handleBlob: (event) => {
        this.deviceEvents.push(event);
        this.#look();
      },
      handleProgress: () => this.#look(),
    });
  }

  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (isSo()) resolve();
      };
      this.#look();
    });
  }

  put(name: string, bytes: Uint8Array): number {
    const path = join(this.folder, name);
    writeFileSync(path, bytes);
    const source = new FileSource(path);
    return this.station.collector.blobs.put(NAME, "file", { name, source })!;
  }

  async stop(): Promise<void> {
    this.device?.stop();
    await this.station.close();
  }
}

let scene: Scene;
let count = 0;
let pty: PtyPair | undefined;

beforeEach(() => {
  scene = new Scene(join(root, String(++count)));
});

afterEach(async () => {
  await scene.stop();
  await pty?.close();
  pty = undefined;
});

const LOSSY = { loss: 0.05, duplicate: 0.05, reorder: 0.05 };

const CASES: [string, PathKind, number, Partial<FaultOptions>][] = [
  ["tcp", "tcp", 300_000, {}],
  ["udp", "udp", 100_000, {}],
  ["udp that loses", "udp", 30_000, LOSSY],
];
if (socatPath !== undefined) CASES.push(["serial", "serial", 4_000, {}]);

describe.each(CASES)("over %s", (_name, path, size, faults) => {
  beforeEach(async () => {
    pty = path === "serial" ? await openPtyPair() : undefined;
    await scene.start(pty?.a);
  });

  test("a text and an image, each way at once, while readings flow", async () => {
    const [image, text] = [randomBytes(size), Buffer.from("Hola, año\n")];
    writeFileSync(join(scene.boardFolder, "photo.jpg"), image);
    scene.switchOn(path, pty?.b, faults);
    scene.put("image.bin", image);
    scene.put("text.txt", text);
    scene.device!.sendFile("photo.jpg");
    await scene.until(() => scene.hostEvents.length === 3 && scene.deviceEvents.length === 3);
    expect(scene.hostEvents.map(({ status }) => status)).toEqual(["done", "done", "done"]);
    expect(readFileSync(join(scene.boardFolder, "image.bin")).equals(image)).toBe(true);
    expect(readFileSync(join(scene.boardFolder, "text.txt")).equals(text)).toBe(true);
    expect(readFileSync(scene.hostPath("photo.jpg")).equals(image)).toBe(true);
    const { acknowledged } = scene.device!.status;
    await scene.until(() => scene.device!.status.acknowledged > acknowledged);
    expect(scene.device!.status.gapReadings).toBe(0);
  });

  test("a file that is asked for comes, under the name that is told", async () => {
    writeFileSync(join(scene.boardFolder, "log.txt"), "one\n");
    scene.switchOn(path, pty?.b, faults);
    const { blobs } = scene.station.collector;
    for (const text of ["one\n", "two\n"]) {
      writeFileSync(join(scene.boardFolder, "log.txt"), text);
      const before = scene.hostEvents.length;
      blobs.get(NAME, "file", "log.txt");
      await scene.until(() => scene.hostEvents.length > before);
    }
    blobs.get(NAME, "file", "no.txt");
    await scene.until(() => scene.hostEvents.length === 3);
    expect(scene.hostEvents.map(({ status, text }) => `${status} ${text}`)).toEqual([
      "done log.txt",
      "done log-2.txt",
      "not-found there is no such file",
    ]);
    expect(readFileSync(scene.hostPath("log-2.txt"), "utf8")).toBe("two\n");
  });
});

test("links are cut all the time, and the file comes all the same", async () => {
  await scene.start(undefined);
  scene.switchOn("tcp", undefined, { cutEveryMs: 1_000 });
  const image = randomBytes(4_000_000);
  scene.put("image.bin", image);
  await scene.until(() => scene.hostEvents.length === 1);
  expect(scene.hostEvents).toMatchObject([{ status: "done", text: "image.bin" }]);
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  expect(sha256(readFileSync(join(scene.boardFolder, "image.bin")))).toBe(sha256(image));
});

test("a file waits for a device that is away, and goes on with its next life where it was", async () => {
  await scene.start(undefined);
  const image = randomBytes(3_000_000);
  const id = scene.put("image.bin", image);
  const doneBytes = () => {
    const view = scene.station.collector.blobs.views(NAME).find((each) => each.id === id);
    return view?.doneBytes ?? 0;
  };
  expect(doneBytes()).toBe(0);
  scene.switchOn("tcp", undefined);
  await scene.until(() => doneBytes() > 500_000);
  scene.device!.stop();
  const before = doneBytes();
  expect(existsSync(join(scene.boardFolder, "image.bin"))).toBe(false);
  scene.switchOn("tcp", undefined);
  await scene.until(() => scene.deviceEvents.some(({ status }) => status === "done"));
  expect(before).toBeGreaterThan(500_000);
  expect(readFileSync(join(scene.boardFolder, "image.bin")).equals(image)).toBe(true);
});

test("without a folder the collector says that it keeps no files", async () => {
  scene.station = await Station.open({
    db: join(scene.folder, "senda.db"),
    tcp: { host: "127.0.0.1", port: 0 },
    udp: { host: "127.0.0.1", port: 0 },
    serial: [],
    name: "test",
    handleEvent: () => undefined,
  });
  writeFileSync(join(scene.boardFolder, "a.txt"), "a");
  scene.switchOn("tcp", undefined);
  scene.device!.sendFile("a.txt");
  await scene.until(() => scene.deviceEvents.length > 0);
  expect(scene.deviceEvents).toMatchObject([{ status: "refused", text: "no files are kept here" }]);
});
