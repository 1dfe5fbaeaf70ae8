// Readings as text, a piece at a time: the next one is made when the last one was taken.

import {
  CsvLong,
  CsvWide,
  NdjsonLong,
  NdjsonWide,
  type ReadingFormat,
} from "../../cli/output/reading-format.ts";
import type { ChannelSummary, StoreReader } from "../../store/reader.ts";
import { DOWNLOAD_PIECE_CHARS } from "../limits.ts";
import type { DownloadAsked } from "./question.ts";

export class Download {
  readonly #pieces: Generator<string>;

  constructor(reader: StoreReader, asked: DownloadAsked, channels: readonly ChannelSummary[]) {
    this.#pieces = piecesOf(reader, asked, formatOf(asked, channels));
  }

  /** Null at the end. */
  next(): string | null {
    const { done, value } = this.#pieces.next();
    return done === true ? null : value;
  }
}

function formatOf(asked: DownloadAsked, channels: readonly ChannelSummary[]): ReadingFormat {
  if (!asked.isWide) return asked.format === "csv" ? new CsvLong() : new NdjsonLong();
  if (asked.format === "ndjson") return new NdjsonWide();
  const names = asked.channels.length === 0 ? channels.map(({ name }) => name) : asked.channels;
  return new CsvWide([...new Set(names)]);
}

function* piecesOf(
  reader: StoreReader,
  { device, channels, fromUs, toUs }: DownloadAsked,
  format: ReadingFormat,
): Generator<string> {
  let piece = format.head;
  const chunks = reader.readings({
    device,
    ...(channels.length === 0 ? {} : { channels }),
    ...(fromUs === undefined ? {} : { fromUs }),
    ...(toUs === undefined ? {} : { toUs }),
  });
  for (const chunk of chunks) {
    for (const lines of format.linesOf(chunk)) {
      piece += lines;
      if (piece.length < DOWNLOAD_PIECE_CHARS) continue;
      yield piece;
      piece = "";
    }
  }
  if (piece !== "") yield piece;
}
