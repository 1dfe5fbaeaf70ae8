// What a person sees of a running collector.

import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";
import { expect, test } from "vitest";
import type { DeviceView } from "../../host/collector/device-board.ts";
import { describeCounters, describeEvent } from "../../host/collector/sentences.ts";
import { LiveTable } from "../../host/terminal/live-table.ts";
import { printable } from "../../host/terminal/printable.ts";

const VIEW: DeviceView = {
  device: "sim-1",
  links: ["tcp"],
  readingsPerSecond: 12.34,
  readings: 1_234,
  stored: 7,
  waiting: 2,
  values: { temperature: 21.5, door: true, note: "a\u001b[31mb" },
};

/** A stream that claims to be a terminal of `columns`, or a pipe, and all that was written to it. */
function outputOf(columns?: number) {
  const out = new PassThrough();
  const isTTY = columns !== undefined;
  return {
    out: Object.assign(out, { isTTY, columns }) as unknown as WriteStream,
    text: () => String(out.read()),
  };
}

test("on a terminal the table is redrawn in place, below the lines that stay", () => {
  const { out, text } = outputOf(100);
  const table = new LiveTable(out, () => [VIEW]);
  expect(text()).toBe(
    "\x1b[2mdevice  link  readings/s  stored  waiting  last values\x1b[0m\n" +
      "sim-1   tcp         12.3   1,234        2  temperature=21.5 door=true note=a\\x1b[31mb\n",
  );
  table.print("a line");
  expect(text()).toMatch(/^\x1b\[2A\x1b\[Ja line\n\x1b\[2mdevice/);
  table.stop();
});

test("a narrow terminal cuts lines rather than wrap them", () => {
  const { out, text } = outputOf(40);
  new LiveTable(out, () => [VIEW]).stop();
  const lines = text()
    .replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, "")
    .trimEnd()
    .split("\n");
  for (const line of lines) expect(line.length).toBeLessThan(40);
});

test("in a pipe there are plain lines without escapes", () => {
  const { out, text } = outputOf();
  const table = new LiveTable(out, () => [VIEW, { ...VIEW, device: "sim-2", links: [] }]);
  table.print("a line");
  table.stop();
  const lines = text().trimEnd().split("\n");
  expect(lines[0]).toBe("a line");
  expect(lines[1]).toContain(
    "sim-1  tcp  12.3 readings/s  stored 1,234  waiting 2  temperature=21.5",
  );
  expect(lines[2]).toContain("sim-2  away");
  expect(lines.join("")).not.toContain("\x1b");
});

test("nothing from outside reaches the terminal as a control", () => {
  expect(printable("a\u001b]0;title\u0007b\u0085c\u202ed\u007f")).toBe(
    "a\\x1b]0;title\\x07b\\x85c\\u202ed\\x7f",
  );
  const line = describeEvent({
    event: "console",
    where: "serial /dev/x",
    text: "boot\u001b[2J\r\n",
  });
  expect(line).toBe("  serial /dev/x says: boot\\x1b[2J");
});

test("counters are told in words", () => {
  const none = {
    batches: 1,
    readings: 5,
    gaps: 0,
    gapReadings: 0,
    duplicates: 0,
    noise: 0,
    noiseBytes: 0,
    ignored: 0,
    refusals: 0,
  };
  expect(describeCounters(none)).toBe("Stored 5 readings in 1 batch.");
  expect(describeCounters({ ...none, gaps: 1, gapReadings: 1_000, noise: 2, refusals: 1 })).toBe(
    "Stored 5 readings in 1 batch, 1 gap of 1,000 readings, 2 pieces of noise skipped, 1 peer turned away.",
  );
});
