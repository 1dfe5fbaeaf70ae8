// What a world is made of, drawn from its seed: devices with their settings, and which faults happen
// there how often. Each world leaves some kinds of faults out altogether (swarm testing, Groce et al.,
// ISSTA 2012): a fault that hides another one must not be everywhere.

import type { PathKind } from "../../device/settings.ts";
import type { DropPolicy } from "../../shared/outbox.ts";
import { Chance } from "./chance.ts";

/** Everything that can go wrong, by the name under which it is counted. */
export const FAULT_KINDS = [
  "udp-loss",
  "udp-duplicate",
  "udp-delay",
  "udp-flip",
  "tcp-cut", // both ends are told
  "tcp-silent-cut", // nobody is told
  "tcp-stall", // stands still for a while, or accepts and never delivers
  "tcp-segments",
  "serial-flip",
  "serial-drop",
  "serial-swallow",
  "serial-unplug",
  "serial-text",
  "partition", // no IP traffic at all for a while
  "name-lookup",
  "collector-kill", // its sockets are closed by the kernel
  "collector-power", // nobody is told
  "collector-stop", // in order: says bye
  "disk-failure",
  "slow-commit",
  "device-death",
  "utc-step",
  "flash-cut", // power fails in the middle of a write or an erase
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** Faults that happen at moments, as opposed to those that befall each datagram, byte or commit. */
const MOMENTARY: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "tcp-cut",
  "tcp-silent-cut",
  "tcp-stall",
  "serial-swallow",
  "serial-unplug",
  "partition",
  "name-lookup",
  "collector-kill",
  "collector-power",
  "collector-stop",
  "disk-failure",
  "device-death",
  "utc-step",
  "flash-cut",
]);

/** Parts of the worlds are made for one purpose: elsewhere it comes about too rarely to be seen. */
const THEMES: readonly ReadonlySet<FaultKind>[] = [
  // Devices start anew again and again while datagrams are late: what was meant for one life meets the next.
  new Set<FaultKind>(["device-death", "udp-delay", "udp-duplicate"]),
  // Links end while the store is slow: what one session left behind meets the next one.
  new Set<FaultKind>(["tcp-stall", "tcp-cut", "serial-swallow", "udp-delay", "slow-commit"]),
];
const THEMED_PART = 0.2;
const THEME_SALT = 0x2e58;

/** Devices with flash are in a third of the worlds. Drawn apart, as is the policy of dropping, so that all else stays as it was. */
const FLASH_PART = 0.35;
const FLASH_SALT = 0x0f1a_54ed;
const FLASH_CUT_PART = 0.6;

/** In a third of the worlds devices have keys and the collector requires them. Drawn apart, as flash is. */
const SEALED_PART = 0.35;
const SEALED_SALT = 0x5ea1_5ea1;

export interface DevicePlan {
  readonly name: string;
  /** As the settings have it; "" for none. */
  readonly key: string;
  readonly paths: readonly PathKind[];
  readonly periodMs: number;
  readonly batchAgeMsMax: number;
  readonly batchRowsMax: number;
  readonly outboxBytes: number;
  readonly outboxRecords: number;
  readonly silenceMsMax: number;
  /** The 32-bit tick counter when the device is first switched on. */
  readonly ticksAtStart: number;
  /** Device milliseconds to a true one. */
  readonly clockRate: number;
  /** Channels of notes, whose bytes fill the outbox, and how long a note may be. */
  readonly notes: number;
  readonly noteBytesMax: number;
  /** A note is taken with every so many samples. */
  readonly noteEvery: number;
  /** Blocks of 4 KB of flash for the outbox; 0 for none. */
  readonly flashBlocks: number;
  readonly dropPolicy: DropPolicy;
}

export interface WorldPlan {
  readonly seed: number;
  readonly isSealed: boolean;
  readonly devices: readonly DevicePlan[];
  /** How long faults rage. */
  readonly faultsMs: number;
  readonly kinds: ReadonlySet<FaultKind>;
  /** Those of them that happen at moments, and how long from one moment to the next on average. */
  readonly momentary: readonly FaultKind[];
  readonly calmMsMean: number;
  /** How a disk takes its time. */
  readonly commitMs: number;
  readonly latencyMs: number;
  /** Chance that befalls each datagram, byte or commit: 0 to 1. */
  readonly rates: Readonly<Record<RateName, number>>;
}

type RateName =
  | "udpLoss"
  | "udpDuplicate"
  | "udpDelay"
  | "udpFlip"
  | "tcpSegments"
  | "tcpHalfOpen"
  | "serialFlip"
  | "serialDrop"
  | "slowCommit"
  /** The collector dies between a commit and its telling. */
  | "deathAfterCommit";

const WRAP_TICKS = 2 ** 31;

/** Everything about world `seed`. */
export function planOf(seed: number): WorldPlan {
  const chance = new Chance(seed);
  const drawn = drawKinds(chance);
  const theme = drawTheme(new Chance(seed ^ THEME_SALT));
  const flash = new Chance(seed ^ FLASH_SALT);
  const hasFlash = flash.is(FLASH_PART);
  const seal = new Chance(seed ^ SEALED_SALT);
  const isSealed = seal.is(SEALED_PART);
  const kinds = new Set(theme ?? drawn);
  if (hasFlash && flash.is(FLASH_CUT_PART)) kinds.add("flash-cut");
  const faultsMs = chance.integer(15_000, 45_000);
  const count = chance.pick([1, 1, 1, 2, 2, 3]);
  const devices = Array.from({ length: count }, (_, index) =>
    drawDevice(chance, `device-${index + 1}`, faultsMs),
  ).map((plan) => ({
    ...plan,
    key: isSealed ? Buffer.from(seal.bytes(32)).toString("hex") : "",
    flashBlocks: hasFlash ? flash.pick([2, 3, 4, 8, 32]) : 0,
    dropPolicy: flash.pick<DropPolicy>(["drop-oldest", "thin-out"]),
  }));
  return {
    seed,
    isSealed,
    devices,
    faultsMs,
    kinds,
    momentary: [...kinds].filter((kind) => MOMENTARY.has(kind)),
    calmMsMean: chance.pick([700, 1_500, 3_000, 8_000]) / (theme === undefined ? 1 : 2),
    commitMs: chance.pick([0.5, 2, 10, 60]),
    latencyMs: chance.pick([0.5, 2, 10, 80]),
    rates: drawRates(chance, kinds),
  };
}

function drawTheme(chance: Chance): ReadonlySet<FaultKind> | undefined {
  return chance.is(THEMED_PART) ? chance.pick(THEMES) : undefined;
}

function drawKinds(chance: Chance): ReadonlySet<FaultKind> {
  const share = chance.pick([0.15, 0.35, 0.6, 0.85]);
  return new Set(FAULT_KINDS.filter((kind) => kind !== "flash-cut" && chance.is(share)));
}

function drawDevice(
  chance: Chance,
  name: string,
  faultsMs: number,
): Omit<DevicePlan, "key" | "flashBlocks" | "dropPolicy"> {
  const isFast = chance.is(0.25);
  return {
    name,
    paths: drawPaths(chance),
    periodMs: isFast ? chance.pick([40, 60]) : chance.pick([200, 500, 1_000]),
    batchAgeMsMax: chance.pick([100, 300, 1_000]),
    batchRowsMax: isFast ? chance.pick([1, 1, 2]) : chance.pick([0, 1, 2, 10]),
    outboxBytes: isFast ? chance.pick([6_000, 32_768]) : chance.pick([4_400, 4_400, 8_800, 32_768]),
    outboxRecords: isFast ? chance.pick([24, 96, 640]) : chance.pick([4, 6, 24, 96]),
    silenceMsMax: chance.pick([2_000, 3_000, 5_000]),
    ticksAtStart: drawTicks(chance, faultsMs),
    clockRate: 1 + chance.pick([0, 0, 1e-5, -1e-4, 5e-3, -5e-3]),
    notes: chance.pick([0, 1, 1, 2, 3]),
    noteBytesMax: chance.pick([8, 60, 250, 512]),
    noteEvery: chance.pick([1, 2, 3]),
  };
}

function drawPaths(chance: Chance): readonly PathKind[] {
  return chance.pick<readonly PathKind[]>([
    ["tcp"],
    ["udp"],
    ["serial"],
    ["tcp", "serial"],
    ["udp", "serial"],
    ["tcp", "udp"],
    ["udp", "tcp"],
    ["serial", "tcp"],
    ["tcp", "udp", "serial"],
    ["udp", "tcp", "serial"],
    ["serial", "udp"],
  ]);
}

/** Half of the devices meet one of the two wraps (to negative, to zero) while they run. */
function drawTicks(chance: Chance, faultsMs: number): number {
  const beforeMs = chance.integer(0, faultsMs);
  return chance.pick([0, chance.u32() | 0, WRAP_TICKS - beforeMs, -beforeMs]) | 0;
}

function drawRates(chance: Chance, kinds: ReadonlySet<FaultKind>): Record<RateName, number> {
  const rate = (kind: FaultKind, choices: readonly number[]) => {
    const drawn = chance.pick(choices);
    return kinds.has(kind) ? drawn : 0;
  };
  return {
    udpLoss: rate("udp-loss", [0.01, 0.1, 0.3]),
    udpDuplicate: rate("udp-duplicate", [0.02, 0.2]),
    udpDelay: rate("udp-delay", [0.02, 0.1, 0.4]),
    udpFlip: rate("udp-flip", [0.01, 0.1]),
    tcpSegments: rate("tcp-segments", [0.1, 1]),
    tcpHalfOpen: rate("tcp-stall", [0.1, 0.3]),
    serialFlip: rate("serial-flip", [0.0001, 0.001, 0.003]),
    serialDrop: rate("serial-drop", [0.0001, 0.001]),
    slowCommit: rate("slow-commit", [0.02, 0.3]),
    deathAfterCommit: rate("collector-kill", [0.001, 0.01]),
  };
}
