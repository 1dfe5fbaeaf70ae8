// The settings that people may change, each as text: for the command line, for what is kept over a cut of
// the power, and for the help. A new setting is one line here. The list is made when it is asked for,
// which is rare, so that it takes no memory in between.

import { OUTBOX_BYTES_MIN, OUTBOX_RECORDS_MIN } from "../shared/outbox.ts";
import { formatSensors, parseSensors } from "./sensors/sensors-text.ts";
import type { PathKind, Settings } from "./settings.ts";

export interface SettingRow {
  /** As people write it, e.g. "wifi.ssid". */
  readonly key: string;
  readonly help: string;
  /** What a value may be, for people. */
  readonly expected: string;
  /** Never shown. */
  readonly isSecret: boolean;
  /** Whether this change of the settings takes effect while the firmware runs; others do when it next starts. */
  isAtOnce(before: Settings, after: Settings): boolean;
  format(settings: Settings): string;
  /** The settings with this value; undefined where it is none that this setting can have. */
  parse(text: string, settings: Settings): Settings | undefined;
}

const PORT_MAX = 65_535;
const DAY_MS = 86_400_000;
const PATHS: readonly PathKind[] = ["tcp", "udp", "serial"];
const DROP_POLICIES = ["drop-oldest", "thin-out"];
const KEY_DIGITS = 64;

/** All of them, in the order in which they are listed. */
export function settingRows(): readonly SettingRow[] {
  return [
    text("device", "the name under which readings are kept", "1 to 64 bytes"),
    text("host", "name or address of the collector", "a name or an address"),
    wholeNumber("tcpPort", "the collector's TCP port", 1, PORT_MAX),
    wholeNumber("udpPort", "the collector's UDP port", 1, PORT_MAX),
    pathsRow(),
    wifiRow("ssid", "the network to join; empty for none", false),
    wifiRow("password", "its password; empty for an open network", true),
    keyRow(),
    sensorsRow(),
    atOnce(wholeNumber("samplePeriodMs", "between two samples", 1, DAY_MS)),
    atOnce(wholeNumber("batchAgeMsMax", "longest wait of a reading for its batch", 0, DAY_MS)),
    atOnce(wholeNumber("batchRowsMax", "most samples in a batch; 0: as many as fit", 0, 4_096)),
    wholeNumber("outboxBytes", "memory for readings that wait", OUTBOX_BYTES_MIN, 1_000_000),
    wholeNumber("outboxRecords", "batches that may wait", OUTBOX_RECORDS_MIN, 10_000),
    dropPolicyRow(),
    text("flashPartition", "partition that keeps what waits; empty for none", "a label"),
    wholeNumber("flashAgeMsMax", "longest wait of a reading for flash", 1, DAY_MS),
    wholeNumber("silenceMsMax", "a link silent for so long is dead", 500, 60_000),
  ];
}

type KeysOf<Value> = {
  [Key in keyof Settings]: Settings[Key] extends Value ? Key : never;
}[keyof Settings];

const PLAIN = { isSecret: false, isAtOnce: () => false };

function atOnce(row: SettingRow): SettingRow {
  return { ...row, isAtOnce: () => true };
}

function text(key: KeysOf<string>, help: string, expected: string): SettingRow {
  return {
    ...PLAIN,
    key,
    help,
    expected,
    format: (settings) => settings[key],
    parse: (value, settings) => ({ ...settings, [key]: value }),
  };
}

function wholeNumber(key: KeysOf<number>, help: string, least: number, most: number): SettingRow {
  return {
    ...PLAIN,
    key,
    help,
    expected: `a whole number from ${least} to ${most}`,
    format: (settings) => `${settings[key]}`,
    parse: (value, settings) => {
      const number = parseWholeNumber(value);
      const isFit = number !== undefined && number >= least && number <= most;
      return isFit ? { ...settings, [key]: number } : undefined;
    },
  };
}

function pathsRow(): SettingRow {
  return {
    ...PLAIN,
    key: "paths",
    help: "ways to the collector, the best first",
    expected: "some of tcp, udp, serial, with commas between them",
    format: ({ paths }) => paths.join(","),
    parse: (value, settings) => {
      const paths = value.split(",").map((path) => path.trim()) as PathKind[];
      const isFit = paths.every((path, index) => {
        return PATHS.includes(path) && paths.indexOf(path) === index;
      });
      return isFit ? { ...settings, paths } : undefined;
    },
  };
}

function wifiRow(field: "ssid" | "password", help: string, isSecret: boolean): SettingRow {
  return {
    ...PLAIN,
    key: `wifi.${field}`,
    help,
    expected: field === "ssid" ? "at most 32 bytes" : "at most 64 bytes",
    isSecret,
    format: ({ wifi }) => wifi[field],
    parse: (value, settings) => ({ ...settings, wifi: { ...settings.wifi, [field]: value } }),
  };
}

function keyRow(): SettingRow {
  return {
    ...PLAIN,
    key: "key",
    help: "the key that it shares with the collector; empty for none",
    expected: `${KEY_DIGITS} hexadecimal digits, or nothing`,
    isSecret: true,
    isAtOnce: isOtherKey,
    format: ({ key }) => key,
    parse: (value, settings) => {
      const isFit = value === "" || (value.length === KEY_DIGITS && /^[0-9a-f]+$/i.test(value));
      return isFit ? { ...settings, key: value.toLowerCase() } : undefined;
    },
  };
}

/** A key in the place of another: the session goes on. Whether there is one at all, and whose, is for the next start. */
function isOtherKey(before: Settings, after: Settings): boolean {
  return before.key !== "" && after.key !== "" && before.device === after.device;
}

function sensorsRow(): SettingRow {
  return {
    ...PLAIN,
    key: "sensors",
    help: "what is measured",
    expected: "KIND[:NAME=VALUE ...] with commas between them, such as chip,bmp280:sda=21:scl=22",
    format: ({ sensors }) => formatSensors(sensors),
    parse: (value, settings) => {
      const sensors = parseSensors(value);
      return sensors === undefined ? undefined : { ...settings, sensors };
    },
  };
}

function dropPolicyRow(): SettingRow {
  return {
    ...PLAIN,
    key: "dropPolicy",
    help: "what goes when nothing more fits",
    expected: DROP_POLICIES.join(" or "),
    format: ({ dropPolicy }) => dropPolicy,
    parse: (value, settings) => {
      if (!DROP_POLICIES.includes(value)) return undefined;
      return { ...settings, dropPolicy: value as Settings["dropPolicy"] };
    },
  };
}

/** Digits only: no sign, point or exponent. Undefined where the text is none. */
function parseWholeNumber(value: string): number | undefined {
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
