// What a device is told rather than knows: its name, where its collector is, which paths to use and
// in which order, how often to sample, how much to keep. Defaults suit an ESP32.

import { utf8Length } from "../shared/bytes/utf8.ts";
import { isName } from "../shared/channel.ts";
import { type DropPolicy, OUTBOX_BYTES_MIN, OUTBOX_RECORDS_MIN } from "../shared/outbox.ts";
import { SILENCE_MS_MAX } from "../shared/session/device.ts";
import type { LinkTraits } from "../shared/session/link.ts";
import type { WifiNetwork } from "./platform/wifi-keeper.ts";
import { sensorsFault } from "./sensors/catalog.ts";
import type { SensorSettings } from "./sensors/driver.ts";
import { parsePublicKey } from "./update/manifest.ts";

export type PathKind = LinkTraits["kind"];

export interface SerialSettings {
  readonly baud: number;
  /** ESP32: UART number and pins. */
  readonly port?: number;
  readonly transmit?: number;
  readonly receive?: number;
  /** ESP32-C3, S3, C6: the chip's own USB port instead. */
  readonly usb?: boolean;
  /** Linux and the simulator: path of the tty. */
  readonly device?: string;
}

export interface Settings {
  /** The name under which the collector keeps the readings; 1 to 64 bytes. */
  readonly device: string;
  /** Host name or address of the collector. */
  readonly host: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  /** Paths to the collector, the best first. */
  readonly paths: readonly PathKind[];
  readonly serial: SerialSettings;
  /** The network that a board joins; without an `ssid` it leaves its radio off. */
  readonly wifi: WifiNetwork;
  /** The key that it shares with the collector: 64 hexadecimal digits; "" for none. */
  readonly key: string;
  /** What is measured. The simulator has sensors of its own instead. */
  readonly sensors: readonly SensorSettings[];
  /** Of sensors that have no period of their own. */
  readonly samplePeriodMs: number;
  /** A batch closes when its oldest row has waited so long, while a link is up. */
  readonly batchAgeMsMax: number;
  /** A batch closes when it has so many rows; 0 for as many as fit. */
  readonly batchRowsMax: number;
  /** Memory for batches that wait, and how many records there may be. */
  readonly outboxBytes: number;
  readonly outboxRecords: number;
  /** What goes when the outbox is full. */
  readonly dropPolicy: DropPolicy;
  /** Partition of the flash in which the outbox outlives a cut of the power; "" for none. It is overwritten. */
  readonly flashPartition: string;
  /** With flash, a batch also closes when its oldest row has waited so long: a cut costs no more. */
  readonly flashAgeMsMax: number;
  /** Whose updates of the firmware are taken: a public key on P-256, "04" and 128 hexadecimal digits; "" for nobody's. */
  readonly updateKey: string;
  /** A link that is silent for so long counts as dead. */
  readonly silenceMsMax: number;
}

export const DEFAULT_PORT = 7363; // S-E-N-D on a telephone's keys

/** A board that was given no name adds the end of its hardware address. */
export const DEFAULT_NAME = "senda";

export const DEFAULT_SETTINGS: Settings = {
  device: DEFAULT_NAME,
  host: "127.0.0.1",
  tcpPort: DEFAULT_PORT,
  udpPort: DEFAULT_PORT,
  paths: ["tcp", "serial"],
  serial: { baud: 115_200, port: 0, transmit: 1, receive: 3 },
  wifi: { ssid: "", password: "" },
  key: "",
  sensors: [{ kind: "random" }],
  samplePeriodMs: 1_000,
  batchAgeMsMax: 1_000,
  batchRowsMax: 0,
  outboxBytes: 24_576, // with it the firmware at rest takes half of the common ESP32 settings
  outboxRecords: 96,
  dropPolicy: "drop-oldest",
  flashPartition: "",
  flashAgeMsMax: 60_000,
  updateKey: "",
  silenceMsMax: SILENCE_MS_MAX,
};

/** IEEE 802.11 9.4.2.2; the SDK throws beyond either. */
const SSID_BYTES_MAX = 32;
const PASSWORD_BYTES_MAX = 64;

/** What is wrong with the settings, for people; undefined where nothing is. */
export function settingsFault(settings: Settings): string | undefined {
  if (!isName(settings.device)) return "device: a name has 1 to 64 bytes and no control characters";
  if (!/^([0-9a-f]{64})?$/i.test(settings.key)) return "key: 64 hexadecimal digits, or nothing";
  if (settings.paths.length === 0) return "paths: name at least one of tcp, udp, serial";
  const { ssid, password } = settings.wifi;
  if (utf8Length(ssid) > SSID_BYTES_MAX) return `wifi.ssid: at most ${SSID_BYTES_MAX} bytes`;
  if (utf8Length(password) > PASSWORD_BYTES_MAX) {
    return `wifi.password: at most ${PASSWORD_BYTES_MAX} bytes`;
  }
  if (!(settings.samplePeriodMs > 0)) return "samplePeriodMs: must be above 0";
  if (settings.outboxBytes < OUTBOX_BYTES_MIN) return `outboxBytes: at least ${OUTBOX_BYTES_MIN}`;
  if (settings.outboxRecords < OUTBOX_RECORDS_MIN) {
    return `outboxRecords: at least ${OUTBOX_RECORDS_MIN}`;
  }
  if (settings.updateKey !== "" && parsePublicKey(settings.updateKey) === undefined) {
    return 'updateKey: "04" and 128 hexadecimal digits, or ""';
  }
  return sensorsFault(settings.sensors);
}
