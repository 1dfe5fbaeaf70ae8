// The device logic and the protocol core on the real XS engine: encode, frame, acknowledge, cut,
// reconnect. Every byte that either side says must be the one that Node says.

import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../shared/bytes/utf8.ts";
import { describeWith } from "../support/needs.ts";
import { bundleForXs } from "./bundle.ts";
import { runWorld, type WorldOptions, type WorldReport } from "./firmware-world.ts";
import { XS_INSTALL_COMMAND, XsEngine, xsWorkerPath } from "./xs-engine.ts";

const OPTIONS: WorldOptions = { samples: 200, cutAfterFrames: 9 };

describeWith(
  `the XS engine: ${XS_INSTALL_COMMAND}`,
  xsWorkerPath() !== undefined,
  "firmware on XS",
  () => {
    let engine: XsEngine;

    beforeAll(async () => {
      engine = await XsEngine.start();
      await engine.evaluate(await bundleForXs("test/xs/firmware-entry.ts"));
    });

    afterAll(() => engine?.close());

    async function runOnXs(options: WorldOptions): Promise<WorldReport> {
      const { reply } = await engine.command(encodeUtf8(JSON.stringify(options)));
      return JSON.parse(decodeUtf8(reply)!) as WorldReport;
    }

    test("all readings are acknowledged across a cut, as on Node, byte for byte", async () => {
      const onXs = await runOnXs(OPTIONS);
      expect(onXs).toMatchObject({
        samples: 200,
        readings: 1_000,
        acknowledged: 1_000,
        reconnects: 1,
      });
      expect(onXs).toEqual(runWorld(OPTIONS));
    });

    test("what a life without a collector left in flash is sent by the next one", async () => {
      const options: WorldOptions = { samples: 200, cutAfterFrames: 5, hasPast: true };
      const onXs = await runOnXs(options);
      expect(onXs).toMatchObject({ readings: 1_000, acknowledged: 1_000, reconnects: 1 });
      expect(onXs.stored).toBeGreaterThan((await runOnXs(OPTIONS)).stored);
      expect(onXs).toEqual(runWorld(options));
    });

    test("sealed: the same, across a cut, with one handshake, byte for byte as on Node", async () => {
      const options: WorldOptions = { ...OPTIONS, isSealed: true };
      const onXs = await runOnXs(options);
      expect(onXs).toMatchObject({ readings: 1_000, acknowledged: 1_000, reconnects: 1 });
      const knocks = onXs.transcript.filter((line) => line.startsWith("> 0000006318"));
      expect(knocks).toHaveLength(1);
      expect(onXs).toEqual(runWorld(options));
    });

    test("commands are answered, and settings changed, as on Node, byte for byte", async () => {
      const names = ["commands", "identify", "statistics", "channels", "read-now", "settings"];
      const options: WorldOptions = {
        ...OPTIONS,
        commands: [
          ...names.map((name) => ({ name, arguments: {} })),
          { name: "set", arguments: { samplePeriodMs: "90", "wifi.ssid": "shed", paths: "tcp" } },
          { name: "set", arguments: { tcpPort: "65536" } },
          { name: "settings", arguments: { from: "9" } },
          { name: "reset-settings", arguments: {} },
          { name: "identfy", arguments: {} },
        ],
      };
      const onXs = await runOnXs(options);
      expect(onXs.statuses).toEqual([
        ...names.map(() => "success"),
        ...["success", "bad-arguments", "success", "success", "unknown-command"],
      ]);
      expect(onXs).toEqual(runWorld(options));
    });

    test("two runs say the same", async () => {
      expect(await runOnXs(OPTIONS)).toEqual(await runOnXs(OPTIONS));
    });
  },
);
