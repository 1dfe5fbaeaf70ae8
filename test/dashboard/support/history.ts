// A store with a past: a device that was here for hours and had to drop readings.

import type { Channel, SampleValues } from "../../../shared/channel.ts";
import { makeStore, TestDevice } from "../../cli/support/test-store.ts";

const GREENHOUSE: readonly Channel[] = [
  { name: "air", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "soil", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "humidity", kind: "number", unit: "%RH", resolution: 0.1 },
  { name: "light", kind: "integer", unit: "lx" },
  { name: "vent", kind: "boolean", unit: "" },
  { name: "rssi", kind: "integer", unit: "dBm" },
];

export interface Past {
  readonly db: string;
  /** The last row was so long ago. */
  readonly endedMs: number;
  readonly rows: number;
  /** Readings that were dropped after two thirds of the rows, one a second. */
  readonly dropped: number;
}

/** Fills the store at `db` with the past of a device "orchard", a row each second. */
export async function makePast({ db, endedMs, rows, dropped }: Past): Promise<void> {
  await makeStore(db, async (store) => {
    const receivedMs = Date.now() - endedMs;
    const known = { name: "orchard", channels: GREENHOUSE, receivedMs };
    const device = await TestDevice.begin(store, known);
    device.setClock(receivedMs - (rows + dropped) * 1_000 - device.uptimeMs, 3);
    const cut = Math.floor((rows * 2) / 3);
    for (let row = 0; row < rows; row++) {
      if (row === cut && dropped > 0) device.gap(dropped);
      device.batch([rowOf(row)]);
      if (row % 500 === 0) await store.flush();
    }
    await store.flush();
  });
}

/** A day's weather within some hours, with a little noise that is the same each time. */
function rowOf(row: number): SampleValues {
  const day = Math.sin((row / 5_000) * Math.PI * 2);
  const noise = (share: number) => share * Math.sin(row * 12.9898) * Math.cos(row * 4.1414);
  const light = Math.max(0, Math.round(21_000 * day + 600 * noise(1)));
  return [
    round(22 + 6 * day + noise(0.15), 100),
    round(18 + 2.2 * Math.sin((row / 5_000) * Math.PI * 2 - 0.9) + noise(0.03), 100),
    round(61 - 14 * day + noise(0.8), 10),
    light,
    day > 0.75,
    Math.round(-58 - 6 * Math.sin(row / 700) + noise(2)),
  ];
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
