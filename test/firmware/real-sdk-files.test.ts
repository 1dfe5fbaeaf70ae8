// Files to and from the firmware on the real XS, with Moddable's own files and SHA-256, in a board's memory.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DeviceBlobEvent } from "../../host/collector/blob-desk.ts";
import { Station } from "../../host/collector/station.ts";
import { FileSource } from "../../host/files/file-source.ts";
import { describeWith } from "../support/needs.ts";
import { temporaryFolder } from "../support/senda.ts";
import { Board, buildWatched, compileHeadless, sdk, stopBoards } from "./moddable.ts";

const folder = temporaryFolder();
const BUILD_MS_MAX = 600_000;
const NAME = "files";

/** What common boards give, of which the firmware may use 80 %. */
const MEMORY = { chunkBytes: 63_078, slots: 3_942, stackSlots: 768 };

const IMAGE_BYTES = 60_000;

afterAll(stopBoards);

describeWith("the Moddable SDK (MODDABLE)", sdk !== undefined, "with the real SDK", () => {
  test("an image and a text go to a board and come back", { timeout: BUILD_MS_MAX }, async () => {
    const events: DeviceBlobEvent[] = [];
    const station = await Station.open({
      db: join(folder, "files.db"),
      files: { folder: join(folder, "host") },
      tcp: { host: "127.0.0.1", port: 0 },
      udp: "off",
      serial: [],
      name: "test",
      handleEvent: (event) => event.event === "file" && events.push(event),
    });
    const { tcp } = station.addresses([]);
    const settings = { device: NAME, paths: ["tcp"], tcpPort: tcp!.port } as const;
    const home = join(folder, "home"); // where the SDK's Linux files have their root
    mkdirSync(home);
    const image = await buildWatched({ name: NAME, settings, memory: MEMORY, files: home });
    const board = new Board(compileHeadless(), image);

    const contents = { "image.bin": randomBytes(IMAGE_BYTES), "text.txt": Buffer.from("año\n") };
    const { blobs } = station.collector;
    for (const [name, bytes] of Object.entries(contents)) {
      writeFileSync(join(folder, name), bytes);
      blobs.put(NAME, "file", { name, source: new FileSource(join(folder, name)) });
    }
    const ended = (count: number) => () => {
      expect(board.exit, board.lines.join("\n")).toBeUndefined();
      return events.length >= count;
    };
    await expect.poll(ended(2), { timeout: 60_000 }).toBe(true);
    for (const name of Object.keys(contents)) blobs.get(NAME, "file", name);
    await expect.poll(ended(4), { timeout: 60_000 }).toBe(true);

    expect(events.map(({ status, text }) => `${status} ${text}`).sort()).toEqual(
      ["done image.bin", "done image.bin", "done text.txt", "done text.txt"].sort(),
    );
    for (const [name, bytes] of Object.entries(contents)) {
      expect(readFileSync(join(home, "files", name)).equals(bytes)).toBe(true);
      expect(readFileSync(join(folder, "host", NAME, name)).equals(bytes)).toBe(true);
    }
    expect(existsSync(join(folder, "host", NAME, "image-2.bin"))).toBe(false);
    console.log(`peak use with files: ${JSON.stringify(board.peak)}`);
    await board.stop();
    await station.close();
  });
});
