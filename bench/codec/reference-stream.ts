// The reference stream: a room at 1 Hz, four channels and a door, all of it from one seed. The figures
// of docs/decisions/0010-batch-codec.md are measured on it; whoever changes a line makes them another's.

import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import type { Channel, SampleValues } from "../../shared/channel.ts";

/** Samples of some channels, as a sensor or a recording gives them. */
export interface Stream {
  readonly name: string;
  readonly channels: readonly Channel[];
  readonly rows: readonly StreamRow[];
}

export interface StreamRow {
  readonly timeMs: number;
  readonly values: SampleValues;
}

const FIRST_MS = 1_760_000_000_000;
const DAY_S = 86_400;

const CHANNELS: readonly Channel[] = [
  { name: "temperature", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "humidity", kind: "number", unit: "%RH", resolution: 0.1 },
  { name: "pressure", kind: "number", unit: "Pa", resolution: 1 },
  { name: "battery", kind: "number", unit: "mV", resolution: 1 },
  { name: "door", kind: "boolean", unit: "" },
];

export interface ReferenceOptions {
  readonly seed: number;
  readonly records: number;
  /** Level of the noise on each value: 1 is that of good sensors. */
  readonly noise: number;
}

const DEFAULTS: ReferenceOptions = { seed: 1, records: 7_200, noise: 1 };

/** Values are rounded to their channels' resolution, as a sensor's driver gives them. */
export function referenceStream(options: Partial<ReferenceOptions> = {}): Stream {
  const { seed, records, noise } = { ...DEFAULTS, ...options };
  const uniform = mulberry32(seed);
  const normal = () => {
    const first = uniform();
    const radius = Math.sqrt(-2 * Math.log(first === 0 ? 1e-12 : first));
    return radius * Math.cos(2 * Math.PI * uniform());
  };
  let [temperature, humidity, pressure, isDoorOpen] = [0, 0, 0, false];
  const rows = Array.from({ length: records }, (_, s): StreamRow => {
    temperature = 0.9995 * temperature + 0.003 * normal();
    humidity = 0.9995 * humidity + 0.01 * normal();
    pressure = 0.9999 * pressure + 0.15 * normal();
    const turn = 2 * Math.PI * s;
    const readings = [
      22 + 2 * Math.sin(turn / DAY_S) + temperature + noise * 0.01 * normal(),
      45 + 5 * Math.sin(turn / 43_200 + 1) + humidity + noise * 0.05 * normal(),
      101_325 + 150 * Math.sin(turn / 40_000) + pressure + noise * 1.3 * normal(),
      4_100 - 0.004 * s + noise * 2 * normal(),
    ];
    if (uniform() < 1 / 600) isDoorOpen = !isDoorOpen;
    const timeMs = FIRST_MS + 1_000 * s + Math.floor(7 * uniform()) - 3;
    const rounded = readings.map((value, index) => rounding(value, CHANNELS[index]!.resolution!));
    return { timeMs, values: [...rounded, isDoorOpen] };
  });
  return { name: "reference", channels: CHANNELS, rows };
}

function rounding(value: number, resolution: number): number {
  const inverse = Math.round(1 / resolution);
  return Math.round(value * inverse) / inverse;
}
