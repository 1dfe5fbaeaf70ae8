// What fast-check draws for the batch codec: ways to write a batch, and streams long enough that the
// encoder makes choices. Values are those of sensors: noise, slopes, coarse steps, runs, outliers, gaps.

import fc from "fast-check";
import {
  type BatchNotation,
  isMissing,
  MISSING,
  type Missing,
  type Plan,
  plainPlan,
} from "../reference/batches.ts";
import { type Notation, numberNotation } from "../reference/cbor.ts";
import type { ColumnPlan, Mode } from "../reference/columns.ts";
import type { ChannelNotation } from "../reference/schemas.ts";
import { batch } from "./arbitraries.ts";

const scale = fc.oneof(fc.nat(12), fc.nat(40));
const level = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -(2 ** 51) + 1, max: 2 ** 51 - 1 }),
);

const RUN_KINDS = ["text", "bytes", "structured"];

function columnPlan(
  { kind }: ChannelNotation,
  first: Notation | Missing,
): fc.Arbitrary<ColumnPlan> {
  const isFloat = kind.startsWith("float");
  const steady = isMissing(first) ? 1 : 0;
  if (RUN_KINDS.includes(kind)) return fc.constant({ mode: "run", presence: steady });
  const modes: Mode[] = ["residuals", "palette", "differences", isFloat ? "xor" : "run"];
  return fc
    .record({
      mode: fc.constantFrom(...modes),
      presence: fc.constantFrom(steady, 2),
      predictor: fc.nat(15),
      scale,
      level,
      slope: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 })),
      digits: fc.nat(15),
    })
    .map((plan) => (plan.mode === "run" ? { mode: "run", presence: steady } : plan));
}

/** A batch and a way to write it, sensible or not. */
export const plannedBatch: fc.Arbitrary<{
  channels: ChannelNotation[];
  batch: BatchNotation;
  plan: Plan;
}> = batch.chain(({ channels, batch: one }) =>
  fc
    .record({
      predictor: fc.nat(7),
      scale,
      periodMs: fc.oneof(fc.constantFrom(0, 1_000), fc.nat(2 ** 31)),
      ahead: fc.constantFrom(0, 1, -1),
      columns: fc.tuple(
        ...channels.map((channel, index) => columnPlan(channel, one.rows[0]!.values[index]!)),
      ),
    })
    .map(({ ahead, columns, ...time }) => {
      const plain = plainPlan(channels, one);
      const timeLevel = plain.time.level + ahead;
      return { channels, batch: one, plan: { time: { ...time, level: timeLevel }, columns } };
    }),
);

/** A number each row: what sensors give. */
const signal = fc
  .record({
    start: fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.maxSafeInteger()),
    slope: fc.constantFrom(0, 0, 1, -7),
    step: fc.constantFrom(1, 1, 1, 41, 460),
    noise: fc.constantFrom(0, 1, 3, 40, 5_000),
    outliers: fc.constantFrom(0, 0, 0.02, 0.3),
    seed: fc.nat(2 ** 31),
  })
  .map(({ start, slope, step, noise, outliers, seed }) => (row: number) => {
    const chance = (salt: number) =>
      (Math.imul(seed ^ (row * 31 + salt), 0x9e3779b1) >>> 8) / 2 ** 24;
    const value = start + slope * row + step * Math.round(noise * (chance(1) + chance(2) - 1));
    const whole = chance(3) < outliers ? value + Math.round((chance(4) - 0.5) * 2 ** 40) : value;
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, whole)) + 0;
  });

/** Share of the rows without a value, and how long such spells last. */
const missing = fc
  .record({ every: fc.constantFrom(0, 0, 2, 7, 90), length: fc.constantFrom(1, 40) })
  .map(
    ({ every, length }) =>
      (row: number) =>
        every > 0 && Math.floor(row / length) % every === 1,
  );

const TEXTS = ["ok", "warm", "", "ok", "fault: sensor 3 does not answer"];

function sensed({ kind, resolution, labels }: ChannelNotation, number: number): Notation {
  const index = Math.abs(number) % 7;
  switch (kind) {
    case "number": {
      const inverse = Math.round(1 / resolution!);
      const steps = number % 2 ** 40;
      return (inverse * resolution! === 1 ? steps / inverse : steps * resolution!) + 0;
    }
    case "boolean":
      return index > 3;
    case "enumeration":
      return index % labels!.length;
    case "text":
      return TEXTS[index % TEXTS.length]!;
    case "bytes":
      return { bytes: index.toString(16).padStart(2, "0") };
    case "structured":
      return [index, { map: [["level", index / 2]] }];
    case "float32":
      return numberNotation(Math.fround((number % 100_000) / 100));
    case "float64":
      return index === 6 ? { float: "NaN" } : numberNotation((number % 100_000) / 1_000);
    default:
      return number;
  }
}

const CHANNELS: ChannelNotation[] = [
  { name: "a", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "b", kind: "integer", unit: "" },
  { name: "c", kind: "number", unit: "", resolution: 0.3 },
  { name: "d", kind: "boolean", unit: "" },
  { name: "e", kind: "enumeration", unit: "", labels: ["off", "on", "fault"] },
  { name: "f", kind: "float32", unit: "" },
  { name: "g", kind: "float64", unit: "" },
  { name: "h", kind: "text", unit: "" },
  { name: "i", kind: "bytes", unit: "" },
  { name: "j", kind: "structured", unit: "" },
];

/** Several hundred rows of some channels, on a grid with jitter, or without any grid. */
export const stream: fc.Arbitrary<{ channels: ChannelNotation[]; batch: BatchNotation }> = fc
  .subarray(CHANNELS, { minLength: 1, maxLength: 3 })
  .chain((channels) =>
    fc
      .record({
        rows: fc.integer({ min: 100, max: 420 }),
        signals: fc.tuple(...channels.map(() => fc.tuple(signal, missing))),
        periodMs: fc.constantFrom(0, 10, 1_000, 3_600_000),
        jitterMs: fc.constantFrom(0, 6, 900),
      })
      .map(({ rows, signals, periodMs, jitterMs }) => ({
        channels,
        batch: {
          schema: 0,
          rows: Array.from({ length: rows }, (_, row) => ({
            timeMs: row * (periodMs + jitterMs) + ((row * 7_919) % (jitterMs + 1)),
            values: channels.map((channel, index): Notation | Missing => {
              const [number, isGone] = signals[index]!;
              return isGone(row) ? MISSING : sensed(channel, number(row));
            }),
          })),
        },
      })),
  );
