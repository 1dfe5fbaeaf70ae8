// What opening accepts, what it refuses, and that it leaves what it refuses alone.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasWriter } from "../../host/store/lock.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { Store } from "../../host/store/store.ts";
import { StoreError, type StoreErrorCode } from "../../host/store/store-error.ts";
import { verifyStore } from "../../host/store/verify.ts";
import { FakeDevice, META } from "./fake-device.ts";
import { openDatabase, openStore, storePath } from "./support.ts";

/** Both ways of opening must refuse with the code and name the file; nothing may change. */
async function expectRefused(path: string, code: StoreErrorCode, words: RegExp): Promise<void> {
  const before = snapshot(path);
  for (const open of [() => Store.open({ path }), () => StoreReader.open(path)]) {
    const error = await open().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StoreError);
    expect((error as StoreError).code).toBe(code);
    expect((error as StoreError).message).toContain(path);
    expect((error as StoreError).message).toMatch(words);
  }
  expect(snapshot(path)).toEqual(before);
}

/** Names, contents and times of all files beside the path. */
function snapshot(path: string): unknown {
  const directory = dirname(path);
  if (!existsSync(directory)) return undefined;
  return readdirSync(directory).map((name) => {
    const file = join(directory, name);
    const stats = statSync(file);
    return [name, stats.mtimeMs, stats.isFile() ? readFileSync(file, "base64") : ""];
  });
}

describe("a place for a store", () => {
  test("a missing file is made", async () => {
    const path = storePath();
    await (await openStore({ path })).close();
    const reader = await StoreReader.open(path);
    expect(reader.devices()).toEqual([]);
    reader.close();
  });

  test("an empty file is a new store", async () => {
    const path = storePath();
    writeFileSync(path, "");
    await (await openStore({ path })).close();
    expect(readFileSync(path).subarray(68, 72).toString("latin1")).toBe("SEND");
  });

  test("a closed store is one file and its lock", async () => {
    const path = storePath();
    await (await openStore({ path })).close();
    expect(
      readdirSync(dirname(path)).filter((name) => statSync(join(dirname(path), name)).size > 0),
    ).toEqual(["readings.db"]);
  });

  test("and stays one when it is read", async () => {
    const path = storePath();
    const store = await openStore({ path });
    const device = new FakeDevice();
    const epochId = await device.begin(store);
    store.append(epochId, device.batch(), META);
    await store.close();
    const before = snapshot(path);
    const reader = await StoreReader.open(path);
    expect(reader.devices()).toMatchObject([{ batches: 1 }]);
    expect([...reader.readings()]).toHaveLength(1);
    expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 1 });
    reader.close();
    expect(snapshot(path)).toEqual(before);
  });

  test("a reader that was there first neither holds a writer up nor misses what it writes", async () => {
    const path = storePath();
    await (await openStore({ path })).close();
    const reader = await StoreReader.open(path);
    expect(reader.devices()).toEqual([]);
    for (let life = 1; life <= 3; life++) {
      const store = await openStore({ path });
      const device = new FakeDevice({ epoch: `00000000000000a${life}` });
      const epochId = await device.begin(store);
      store.append(epochId, device.batch(), META);
      await store.flush();
      expect(reader.devices()).toMatchObject([{ batches: life }]);
      await store.close();
      expect(reader.devices()).toMatchObject([{ batches: life }]);
    }
    reader.close();
    expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 3 });
  });

  test("a name with characters that URIs give a meaning", async () => {
    const path = join(dirname(storePath()), "50% of a?#b.db");
    await (await openStore({ path })).close();
    await (await openStore({ path })).close();
    (await StoreReader.open(path)).close();
  });
});

describe("a store that was never closed", () => {
  test("a file that is whole only with its log, as an interrupted checkpoint leaves it", async () => {
    const path = storePath();
    const copy = storePath();
    const store = await openStore({ path });
    const device = new FakeDevice();
    const epochId = await device.begin(store);
    for (let count = 0; count < 2_000; count++) store.append(epochId, device.batch(), META);
    await store.flush();
    const bytesBefore = statSync(path).size;
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    await store.close();
    const torn = Buffer.from(readFileSync(path).subarray(0, bytesBefore));
    torn.fill(2, 18, 20); // WAL mode, which an orderly end leaves (sqlite.org/fileformat.html 1.3.3)
    writeFileSync(copy, torn);
    expect(await verifyStore(copy)).toMatchObject({ ok: true, batches: 2_000 });
    const again = await openStore({ path: copy });
    expect(await again.resume(device.hello(), 1)).toMatchObject({ next: 2_000 });
  });

  test("a file that is not whole without one", async () => {
    const path = storePath();
    const store = await openStore({ path });
    const device = new FakeDevice();
    const epochId = await device.begin(store);
    for (let count = 0; count < 2_000; count++) store.append(epochId, device.batch(), META);
    await store.close();
    truncateSync(path, 8_192);
    await expectRefused(path, "damaged", /restore a copy/);
  });
});

describe("what is no store", () => {
  test("text", async () => {
    const path = storePath();
    writeFileSync(path, "time,temperature\n1,2\n".repeat(100));
    await expectRefused(path, "not-a-store", /no SQLite database; name another/);
  });

  test("a few bytes", async () => {
    const path = storePath();
    writeFileSync(path, "x");
    await expectRefused(path, "not-a-store", /no SQLite database; name another/);
  });

  test("a database of another program", async () => {
    const path = storePath();
    const database = await openDatabase(path);
    database.exec("CREATE TABLE customer (name TEXT); PRAGMA application_id = 77");
    database.close();
    await expectRefused(path, "not-a-store", /another program \(with application id 77\)/);
  });

  test("a database of another program with its log", async () => {
    const path = storePath();
    const database = await openDatabase(path);
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE customer (name TEXT)");
    await expectRefused(path, "not-a-store", /without an application id/);
  });

  test("a store of another version", async () => {
    const path = storePath();
    await (await openStore({ path })).close();
    const database = await openDatabase(path);
    database.exec("PRAGMA journal_mode = DELETE; PRAGMA user_version = 2");
    database.close();
    await expectRefused(path, "other-version", /version 2.*knows version 1/);
  });

  test("a directory", async () => {
    const path = storePath();
    mkdirSync(path);
    await expectRefused(path, "not-a-store", /is a directory/);
  });

  test("a path through a missing directory", async () => {
    const path = join(dirname(storePath()), "missing", "readings.db");
    await expectRefused(path, "unreachable", /missing does not exist; create it/);
  });

  test.skipIf(!existsSync("/dev/null"))("a device file", async () => {
    await expect(Store.open({ path: "/dev/null" })).rejects.toThrow(/not a regular file/);
  });

  test("nothing at all, or an empty file, is not read", async () => {
    const path = storePath();
    await expect(StoreReader.open(path)).rejects.toMatchObject({ code: "no-store" });
    writeFileSync(path, "");
    await expect(StoreReader.open(path)).rejects.toMatchObject({ code: "no-store" });
    expect(readdirSync(dirname(path))).toEqual(["readings.db"]);
  });
});

describe("one writer", () => {
  test("a second one is refused while the first lives", async () => {
    const path = storePath();
    const store = await openStore({ path });
    await expect(Store.open({ path })).rejects.toMatchObject({
      code: "in-use",
      message: expect.stringContaining(`another collector writes to ${path}`),
    });
    await store.close();
    await (await openStore({ path })).close();
  });

  test("whoever looks whether there is one does not turn one away", async () => {
    const path = storePath();
    await (await openStore({ path })).close();
    expect(await hasWriter(path)).toBe(false);
    const looker = await openDatabase(`${path}-lock`);
    looker.exec("BEGIN; SELECT 1 FROM sqlite_schema");
    setTimeout(() => looker.close(), 50); // a writer that starts meanwhile waits for so long
    const store = await openStore({ path });
    expect(await hasWriter(path)).toBe(true);
    await store.close();
    expect(await hasWriter(path)).toBe(false);
  });

  test("something else in the lock's place is left alone", async () => {
    const path = storePath();
    writeFileSync(`${path}-lock`, "important".repeat(100));
    await expect(Store.open({ path })).rejects.toMatchObject({ code: "not-a-store" });
    expect(readFileSync(`${path}-lock`, "utf8")).toBe("important".repeat(100));
    expect(existsSync(path)).toBe(false);
  });
});

describe("the worker", () => {
  test("one that cannot start rejects", async () => {
    const workerUrl = new URL("file:///missing/store-worker.js");
    await expect(Store.open({ path: storePath(), workerUrl })).rejects.toMatchObject({
      code: "failed",
    });
  });

  test("one that dies rejects what waits and says so", async () => {
    const path = storePath();
    const program = join(dirname(path), "dying-worker.mjs");
    writeFileSync(
      program,
      `import { parentPort } from "node:worker_threads";
       parentPort.once("message", () => { throw new Error("worn out"); });
       parentPort.postMessage({ kind: "opened" });`,
    );
    const store = await Store.open({ path, workerUrl: new URL(`file://${program}`) });
    const failed = new Promise<StoreError>((resolve) => {
      store.onFailure = resolve;
    });
    await expect(store.flush()).rejects.toThrow(/worn out/);
    expect((await failed).code).toBe("failed");
    expect(() => store.putEvent({ atUs: 0, kind: "x", text: "x" })).toThrow(/died/);
    await expect(store.close()).rejects.toThrow(/died/);
  });
});
