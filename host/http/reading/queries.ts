// The answers of the reading thread: one function for each kind of question.

import { statSync } from "node:fs";
import {
  type ChannelSummary,
  type DeviceSummary,
  openForReading,
  StoreReader,
} from "../../store/reader.ts";
import { hasTotals } from "../../store/summary.ts";
import { DOWNLOADS_MAX } from "../limits.ts";
import { Problem } from "../problem.ts";
import { DeviceLives } from "./device-lives.ts";
import { Download } from "./download.ts";
import { LiveFollower } from "./live-follower.ts";
import type {
  DownloadAsked,
  QuestionKind,
  Questions,
  SeriesAsked,
  StoredDevice,
  StoreSize,
} from "./question.ts";
import { seriesText } from "./series-text.ts";

type Answers = {
  readonly [K in QuestionKind]: (asked: Questions[K]["asked"]) => Questions[K]["answer"];
};

export class StoreQueries {
  readonly #path: string;
  readonly #reader: StoreReader;
  readonly #lives: DeviceLives;
  readonly #follower: LiveFollower;
  readonly #downloads = new Map<number, Download>();
  #nextDownload = 1;

  readonly answers: Answers = {
    devices: () => this.#reader.devices().map((device) => this.#stored(device)),
    device: (name) => {
      const device = this.#find(name);
      return device === undefined ? null : this.#stored(device);
    },
    gaps: (asked) => this.#reader.gaps(asked),
    events: (asked) => this.#reader.events(asked),
    size: () => this.#size(),
    series: (asked) => this.#series(asked),
    openDownload: (asked) => this.#openDownload(asked),
    nextPiece: (id) => this.#nextPiece(id),
    closeDownload: (id) => {
      this.#downloads.delete(id);
      return null;
    },
    follow: (asked) => {
      this.#follower.follow(asked);
      return null;
    },
    poll: () => this.#follower.poll(),
  };

  private constructor(
    path: string,
    reader: StoreReader,
    database: Awaited<ReturnType<typeof openForReading>>,
  ) {
    this.#path = path;
    this.#reader = reader;
    this.#lives = new DeviceLives(database);
    this.#follower = new LiveFollower(database);
  }

  /** Rejects as StoreReader.open does. */
  static async open(path: string): Promise<StoreQueries> {
    return new StoreQueries(path, await StoreReader.open(path), await openForReading(path));
  }

  #find(name: string): DeviceSummary | undefined {
    return this.#reader.devices().find((device) => device.name === name);
  }

  #known(name: string): DeviceSummary {
    const device = this.#find(name);
    if (device !== undefined) return device;
    throw new Problem(
      404,
      "Not found",
      `The store has no device "${name}"; /api/devices lists those it has.`,
    );
  }

  #stored(device: DeviceSummary): StoredDevice {
    const { name } = device;
    return { ...device, ...this.#lives.of(name), latest: this.#reader.latest(name) };
  }

  #size(): StoreSize {
    const devices = this.#reader.devices();
    const sum = (of: (device: DeviceSummary) => number) =>
      devices.reduce((total, device) => total + of(device), 0);
    return {
      bytes: bytesOf(this.#path) + bytesOf(`${this.#path}-wal`),
      devices: devices.length,
      batches: sum(({ batches }) => batches),
      readings: sum(({ readings }) => readings),
      lostReadings: sum(({ gapReadings }) => gapReadings),
    };
  }

  #series(asked: SeriesAsked): string {
    const device = this.#known(asked.device);
    const channels = seriesChannels(device, asked.channels);
    const extent = this.#reader.extent(device.name);
    const fromUs = asked.fromUs ?? extent?.fromUs ?? 0;
    const toUs = asked.toUs ?? extent?.toUs ?? fromUs + 1;
    if (fromUs >= toUs)
      throw new Problem(400, "Bad request", '"from" is not before "to"; give an earlier one.');
    const names = channels.map(({ name }) => name);
    const range = { fromUs, toUs, buckets: asked.buckets };
    const onDamage = () => undefined; // `senda verify` tells of it
    const series = this.#reader.series({
      device: device.name,
      channels: names,
      ...range,
      onDamage,
    });
    return seriesText(device.name, series, channels);
  }

  #openDownload(asked: DownloadAsked): number {
    const device = this.#known(asked.device);
    for (const name of asked.channels) knownChannel(device, name);
    if (this.#downloads.size >= DOWNLOADS_MAX) {
      throw new Problem(
        503,
        "Not just now",
        "As many downloads are under way as may be; try again a little later.",
      );
    }
    const id = this.#nextDownload++;
    this.#downloads.set(id, new Download(this.#reader, asked, device.channels));
    return id;
  }

  #nextPiece(id: number): string | null {
    const piece = this.#downloads.get(id)?.next() ?? null;
    if (piece === null) this.#downloads.delete(id);
    return piece;
  }
}

function seriesChannels(device: DeviceSummary, names: readonly string[]): ChannelSummary[] {
  const hasNumbers = ({ kind }: ChannelSummary) => hasTotals({ kind: kind as "number" });
  if (names.length === 0) return device.channels.filter(hasNumbers);
  return [...new Set(names)].map((name) => {
    const channel = knownChannel(device, name);
    if (hasNumbers(channel)) return channel;
    throw new Problem(
      400,
      "Bad request",
      `"${name}" is ${channel.kind}, which has no smallest and largest value; ask for /readings.`,
    );
  });
}

function knownChannel({ name: device, channels }: DeviceSummary, name: string): ChannelSummary {
  const channel = channels.find((candidate) => candidate.name === name);
  if (channel !== undefined) return channel;
  const known = channels.map((candidate) => candidate.name).join(", ");
  throw new Problem(404, "Not found", `"${device}" has no channel "${name}"; it has: ${known}.`);
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
