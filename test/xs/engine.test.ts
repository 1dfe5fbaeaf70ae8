// The driver of the XS engine: usage, bytes both ways, and that a call settles whatever goes wrong.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { bundleForXs } from "./bundle.ts";
import {
  XS_INSTALL_COMMAND,
  XsEngine,
  type XsEngineOptions,
  XsError,
  xsWorkerPath,
} from "./xs-engine.ts";

const isInstalled = xsWorkerPath() !== undefined;
const title = isInstalled ? "XS engine" : `XS engine (needs the XS engine: ${XS_INSTALL_COMMAND})`;

const REVERSE = `
  globalThis.handleCommand = (buffer) => new Uint8Array(buffer).reverse().buffer;
`;
const COUNT_TO_1000 = "for (let i = 0; i < 1000; i++) {}";
const RECURSE = "const f = () => f() + 1; f();";
const LOOP = "for (;;) {}";

const CRC32C = fileURLToPath(new URL("../../shared/bytes/crc32c.ts", import.meta.url));
const CRC_ENTRY = `
  import { crc32c } from ${JSON.stringify(CRC32C)};
  const digits: Uint8Array = new TextEncoder().encode("123456789");
  globalThis.handleCommand = () => Uint32Array.of(crc32c(digits)).buffer;
`;

async function bundleOf(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "senda-xs-"));
  try {
    const entry = join(folder, "entry.ts");
    await writeFile(entry, source);
    return await bundleForXs(entry);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.skipIf(!isInstalled)(title, () => {
  const engines: XsEngine[] = [];

  async function start(options?: XsEngineOptions): Promise<XsEngine> {
    const engine = await XsEngine.start(options);
    engines.push(engine);
    return engine;
  }

  async function failure(call: Promise<unknown>): Promise<XsError> {
    const error = await call.then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(XsError);
    return error;
  }

  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });

  test("evaluates a script and reports its usage", async () => {
    const usage = await (await start()).evaluate(COUNT_TO_1000);
    expect(usage.compute).toBeGreaterThan(1000);
    expect(usage.allocate).toBeGreaterThan(32 * 1024 * 1024);
    expect(usage.currentHeapCount).toBeGreaterThan(1000);
    expect(usage.durationUs).toBeGreaterThan(0);
  });

  test("carries a command's bytes both ways", async () => {
    const engine = await start();
    await engine.evaluate(REVERSE);
    const { reply } = await engine.command(Uint8Array.of(0, 1, 2, 255));
    expect(reply).toEqual(Uint8Array.of(255, 2, 1, 0));
  });

  test("carries more bytes than a pipe holds", async () => {
    const engine = await start();
    await engine.evaluate(REVERSE);
    const sent = Uint8Array.from({ length: 1_000_003 }, (_, i) => i * 7);
    const { reply } = await engine.command(sent);
    expect(Buffer.compare(reply, sent.toReversed())).toBe(0);
  });

  test("answers calls in the order they were made", async () => {
    const engine = await start();
    await engine.evaluate(REVERSE);
    const calls = [0, 1, 2, 3].map((i) => engine.command(Uint8Array.of(i)));
    const replies = (await Promise.all(calls)).map(({ reply }) => reply[0]);
    expect(replies).toEqual([0, 1, 2, 3]);
  });

  test("replies with nothing when the script returns undefined", async () => {
    const engine = await start();
    await engine.evaluate("globalThis.handleCommand = () => undefined;");
    expect((await engine.command(Uint8Array.of(1))).reply).toEqual(new Uint8Array());
  });

  test("meters the same script the same, in one engine and in two", async () => {
    const first = await start();
    const second = await start();
    await first.evaluate(REVERSE);
    await second.evaluate(REVERSE);
    const steps = async (engine: XsEngine, length: number) =>
      (await engine.command(new Uint8Array(length))).usage.compute;
    const expected = await steps(first, 100);
    expect([await steps(first, 100), await steps(second, 100)]).toEqual([expected, expected]);
    expect(await steps(first, 101)).not.toBe(expected);
  });

  test("reports an exception and goes on", async () => {
    const engine = await start();
    const error = await failure(engine.evaluate("null.x;"));
    expect(error.code).toBe("exception");
    expect(error.message).toMatch(/exception in the XS engine: TypeError: .*coerce null/);
    expect(error.stack).toContain("engine.test.ts");
    await engine.evaluate("1;");
  });

  test.each([
    { code: "stack", exitCode: 12, script: RECURSE },
    { code: "meter", exitCode: 17, script: LOOP },
    { code: "memory", exitCode: 11, script: "new ArrayBuffer(2e9);" },
  ])("reports an engine that ends: $code", async ({ code, exitCode, script }) => {
    const engine = await start({ meteringLimit: 1e6 });
    const outstanding = [engine.evaluate(script), engine.evaluate("1;")].map(failure);
    for (const error of await Promise.all(outstanding)) {
      expect(error.code).toBe(code);
      expect(error.message).toMatch(new RegExp(`the XS engine ended: .*exit code ${exitCode}`));
    }
    expect((await failure(engine.command(Uint8Array.of(1)))).code).toBe(code);
  });

  test("closing ends a call that would run long", async () => {
    const engine = await start({ meteringLimit: 2 ** 31 - 1 });
    const call = failure(engine.evaluate(LOOP));
    await engine.close();
    expect((await call).code).toBe("closed");
  });

  test("hands the engine's calls to the host and its answers back", async () => {
    const seen: Uint8Array[] = [];
    const onHostCall = (bytes: Uint8Array) => {
      seen.push(bytes);
      return bytes.map((byte) => byte + 1);
    };
    const engine = await start({ onHostCall });
    await engine.evaluate("globalThis.handleCommand = (b) => issueCommand(issueCommand(b));");
    const { reply } = await engine.command(Uint8Array.of(7));
    expect(reply).toEqual(Uint8Array.of(9));
    expect(seen).toEqual([Uint8Array.of(7), Uint8Array.of(8)]);
  });

  test("a host call that fails is an exception in the engine, with its cause", async () => {
    const cause = new Error("no such file");
    const onHostCall = () => {
      throw cause;
    };
    const engine = await start({ onHostCall });
    await engine.evaluate("globalThis.handleCommand = (b) => issueCommand(b);");
    const error = await failure(engine.command(Uint8Array.of(1)));
    expect(error).toMatchObject({ code: "exception", cause });
  });

  test("a host call that nobody answers is an exception too", async () => {
    const error = await failure((await start()).evaluate("issueCommand(new ArrayBuffer(1));"));
    expect(String(error.cause)).toContain("without onHostCall");
  });

  test("runs shared code from a bundle, with the firmware's text codecs", async () => {
    const engine = await start();
    await engine.evaluate("delete globalThis.TextEncoder;"); // xsnap has its own
    await engine.evaluate(await bundleOf(CRC_ENTRY));
    const { reply } = await engine.command(new Uint8Array());
    expect(reply).toEqual(Uint8Array.of(0x83, 0x92, 0x06, 0xe3)); // RFC 3720 B.4, little-endian
  });
});
