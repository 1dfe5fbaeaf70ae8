// A device's readings over any time, in as many buckets as a chart has room for: smallest, largest, mean
// and last of each. What lies within a bucket comes from summaries; batches are decoded where a bucket's
// edge cuts one, and at the end, where there are no summaries yet. So a year takes little longer than a day.

import type { Channel } from "../../shared/channel.ts";
import type { ClockMap } from "../time/clock-map.ts";
import {
  BatchReader,
  type ReadingsChunk,
  type StoredBatch,
  type StoredEpoch,
} from "./batch-reader.ts";
import { ClockReader } from "./clock.ts";
import { batchId, hasMergedBatches, sequenceOf } from "./schema.ts";
import { type BucketRange, SeriesBuckets } from "./series-buckets.ts";
import type { Database, Statement } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";
import {
  addValue,
  emptyTotals,
  hasTotals,
  SpanReader,
  type Totals,
  unitsOf,
  valueOfUnits,
} from "./summary.ts";
import type { SpanRow } from "./summary-table.ts";

export interface SeriesQuery extends BucketRange {
  readonly device: string;
  /** Names of channels whose values are numbers, or stand for numbers; others have nothing in their buckets. */
  readonly channels: readonly string[];
  /** Told of each batch that cannot be read, which is then left out. Without it such a batch throws. */
  readonly onDamage?: (text: string) => void;
}

/** Summaries, and gaps, that one query fetches. */
const PAGE_ROWS = 64;

/** A channel of a schema, and its place among those asked for. */
interface Wanted {
  readonly channel: Channel;
  readonly index: number;
  readonly place: number;
}

/** Reads a series. Epochs whose clock was never measured are left out. Throws a StoreError at a damaged batch. */
export function readSeries(database: Database, query: SeriesQuery): SeriesBuckets {
  return new SeriesReader(database, query).read();
}

class SeriesReader {
  readonly #query: SeriesQuery;
  readonly #buckets: SeriesBuckets;
  readonly #batches: BatchReader;
  readonly #clocks: ClockReader;
  readonly #spanAt: Statement | undefined;
  readonly #spans: Statement | undefined;
  readonly #blocks: Statement | undefined;
  readonly #gaps: Statement;
  readonly #reader = new SpanReader();
  readonly #totals = emptyTotals();
  readonly #wanted = new Map<readonly Channel[], readonly Wanted[]>();
  /** Uptimes at both ends, and their UTC. */
  readonly #endsMs = new Float64Array(2);
  readonly #endsUs = new Float64Array(2);

  constructor(database: Database, query: SeriesQuery) {
    this.#query = query;
    this.#buckets = new SeriesBuckets(query, query.channels);
    this.#batches = new BatchReader(database, query.channels);
    this.#clocks = new ClockReader(database);
    this.#gaps = database.prepare(GAPS);
    if (!hasMergedBatches(database)) return;
    this.#spanAt = database.prepare(SPAN_AT);
    this.#spans = database.prepare(SPANS);
    this.#blocks = database.prepare(BLOCKS);
  }

  read(): SeriesBuckets {
    for (const epoch of this.#batches.epochs(this.#query.device)) {
      const clock = this.#clocks.mapOf(epoch.id);
      if (clock === undefined) continue;
      this.#addGaps(epoch, clock);
      this.#addEpoch(epoch, clock);
      this.#buckets.endEpoch(clock);
    }
    this.#buckets.finish();
    return this.#buckets;
  }

  #addEpoch(epoch: StoredEpoch, clock: ClockMap): void {
    const fromMs = Math.floor(clock.deviceMsOf(this.#query.fromUs)) - 1;
    const toMs = Math.ceil(clock.deviceMsOf(this.#query.toUs)) + 1;
    let next = this.#batches.findStart(epoch, fromMs);
    for (const span of this.#spansFrom(epoch, next)) {
      if (span.first_ms >= toMs) return;
      const start = sequenceOf(span.id);
      if (start > next) this.#decode(epoch, clock, { from: next, end: start, toMs });
      this.#addSpan(epoch, clock, span);
      next = span.next;
    }
    if (next < epoch.next) this.#decode(epoch, clock, { from: next, end: epoch.next, toMs });
  }

  /** Spans in order, the first one that with the record `start`, if one has it. */
  *#spansFrom({ id, next }: StoredEpoch, start: number): Generator<SpanHead> {
    if (this.#spanAt === undefined || this.#spans === undefined) return;
    const ids = [batchId(id, 0), batchId(id, start)] as const;
    const at = this.#spanAt.get(...ids) as { id: number; next: number } | undefined;
    let from = at !== undefined && at.next > start ? at.id : batchId(id, start);
    for (;;) {
      const rows = this.#spans.all(from, batchId(id, next), PAGE_ROWS) as SpanHead[];
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      from = rows[rows.length - 1]!.id + 1;
    }
  }

  #addSpan(epoch: StoredEpoch, clock: ClockMap, span: SpanHead): void {
    const wanted = this.#wantedOf(this.#batches.channelsOf(span.schema));
    const bucket = this.#bucketOf(clock, span.first_ms, span.last_ms);
    if (wanted.length === 0 || bucket === OUTSIDE) return;
    if (bucket === CUT) this.#addBlocks(epoch, clock, span);
    else if (!this.#batches.isIntact(epoch, span)) this.#decodeAll(epoch, clock, span);
    else {
      this.#buckets.touch(bucket, span.first_ms, span.last_ms);
      for (const { channel, index, place } of wanted) {
        if (this.#reader.readTotals(span.body, index, this.#totals)) {
          this.#add(bucket, place, channel, this.#totals);
        }
      }
    }
  }

  #addBlocks(epoch: StoredEpoch, clock: ClockMap, span: SpanHead): void {
    const channels = this.#batches.channelsOf(span.schema);
    const wanted = this.#wantedOf(channels);
    const place = { start: sequenceOf(span.id), firstMs: span.first_ms };
    const row = this.#blocks!.get(span.id) as Pick<SpanHead, "id" | "crc32c" | "body"> | undefined;
    const isIntact = row !== undefined && this.#batches.isIntact(epoch, row);
    const asked = { channels: channels.length, wanted: wanted.map(({ index }) => index) };
    const blocks = isIntact ? this.#reader.readBlocks(row.body, place, asked) : undefined;
    if (blocks === undefined) {
      this.#decodeAll(epoch, clock, span);
      return;
    }
    for (const { start, next, firstMs, lastMs, totals } of blocks) {
      const bucket = this.#bucketOf(clock, firstMs, lastMs);
      // A writer may have added blocks to the span since it was read.
      if (bucket === OUTSIDE || start >= span.next) continue;
      if (bucket === CUT) {
        const row = this.#batches.at(epoch, start);
        if (row?.count === next - start) this.#addBatch(epoch, clock, row);
        else this.#decode(epoch, clock, { from: start, end: next, toMs: Number.POSITIVE_INFINITY });
      } else {
        this.#buckets.touch(bucket, firstMs, lastMs);
        for (const each of wanted)
          this.#add(bucket, each.place, each.channel, totals[each.index] ?? emptyTotals());
      }
    }
  }

  #add(bucket: number, place: number, channel: Channel, totals: Totals): void {
    const { count, min, max, sum, last } = totals;
    this.#buckets.add(place, bucket, {
      count,
      min: valueOfUnits(channel, min),
      max: valueOfUnits(channel, max),
      sum: valueOfUnits(channel, sum),
      last: valueOfUnits(channel, last),
    });
  }

  /** The bucket that holds all times from one uptime to another; CUT where it is not one, OUTSIDE where it is none. */
  #bucketOf(clock: ClockMap, firstMs: number, lastMs: number): number {
    this.#endsMs[0] = firstMs;
    this.#endsMs[1] = lastMs;
    clock.mapTimes(this.#endsMs, 2, this.#endsUs);
    const first = this.#buckets.bucketOf(this.#endsUs[0]!);
    const last = this.#buckets.bucketOf(this.#endsUs[1]!);
    if (last < 0 || first === this.#query.buckets) return OUTSIDE;
    return first === last ? first : CUT;
  }

  #decodeAll(epoch: StoredEpoch, clock: ClockMap, span: SpanHead): void {
    this.#decode(epoch, clock, {
      from: sequenceOf(span.id),
      end: span.next,
      toMs: Number.POSITIVE_INFINITY,
    });
  }

  /** Adds the rows of the records [from, end), until one begins at `toMs` or later. */
  #decode(
    epoch: StoredEpoch,
    clock: ClockMap,
    { from, end, toMs }: { from: number; end: number; toMs: number },
  ): void {
    for (const row of this.#batches.batches(epoch, from, end)) {
      if (row.firstMs >= toMs) return;
      this.#addBatch(epoch, clock, row);
    }
  }

  #addBatch(epoch: StoredEpoch, clock: ClockMap, row: StoredBatch): void {
    const { onDamage } = this.#query;
    const selection = this.#batches.decode(epoch, row);
    if (selection === undefined) {
      const text = `batch ${sequenceOf(row.id)} of ${epoch.device}, epoch ${epoch.epoch}, is damaged`;
      if (onDamage === undefined) throw new StoreError("damaged", text);
      onDamage(text);
      return;
    }
    const chunk = this.#batches.chunk({ epoch, clock, row }, selection, this.#query);
    if (chunk !== undefined) this.#addRows(chunk, this.#wantedOf(selection.channels));
  }

  /** Row after row, as many at a time as lie in one bucket. */
  #addRows(chunk: ReadingsChunk, wanted: readonly Wanted[]): void {
    const { timesMs, endRow } = chunk;
    const timesUs = chunk.timesUs!;
    for (let first = chunk.firstRow; first < endRow; ) {
      const bucket = this.#buckets.bucketOf(timesUs[first]!);
      let end = first + 1;
      while (end < endRow && this.#buckets.bucketOf(timesUs[end]!) === bucket) end++;
      this.#buckets.touch(bucket, timesMs[first]!, timesMs[end - 1]!);
      for (const { channel, index, place } of wanted) {
        const { present, numbers } = chunk.batch.columns[index]!;
        const totals = this.#totals;
        totals.count = 0;
        for (let row = first; row < end; row++) {
          if (present[row] === 1) addValue(totals, unitsOf(channel, numbers[row]!));
        }
        this.#add(bucket, place, channel, totals);
      }
      first = end;
    }
  }

  #wantedOf(channels: readonly Channel[]): readonly Wanted[] {
    const known = this.#wanted.get(channels);
    if (known !== undefined) return known;
    const wanted = this.#query.channels.flatMap((name, place) => {
      const index = channels.findIndex((channel) => channel.name === name);
      const channel = channels[index];
      return channel !== undefined && hasTotals(channel) ? [{ channel, index, place }] : [];
    });
    this.#wanted.set(channels, wanted);
    return wanted;
  }

  #addGaps({ id }: StoredEpoch, clock: ClockMap): void {
    let after = -1;
    for (;;) {
      const rows = this.#gaps.all(id, after, PAGE_ROWS) as GapRow[];
      for (const { firstMs, lastMs, readings } of rows) {
        const firstUs = clock.utcOf(firstMs).utcUs;
        this.#buckets.addGap({ firstUs, lastUs: clock.utcOf(lastMs).utcUs, readings });
      }
      if (rows.length < PAGE_ROWS) return;
      after = rows[rows.length - 1]!.sequence;
    }
  }
}

const OUTSIDE = -1;
const CUT = -2;

/** A span without its blocks. */
interface SpanHead extends Pick<SpanRow, "id" | "schema" | "next" | "first_ms" | "last_ms"> {
  readonly crc32c: number;
  /** Totals. */
  readonly body: Uint8Array;
}

interface GapRow {
  readonly sequence: number;
  readonly readings: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const SPAN_AT = "SELECT id, next FROM summary WHERE id >= ? AND id <= ? ORDER BY id DESC LIMIT 1";

const SPANS = `
SELECT id, schema, next, first_ms, last_ms, totals_crc32c AS crc32c, totals AS body FROM summary
WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`;

const BLOCKS =
  "SELECT id, blocks_crc32c AS crc32c, blocks AS body FROM summary_blocks WHERE id = ?";

/** Those whose time somebody knows. */
const GAPS = `
SELECT sequence, readings, first_ms AS firstMs, last_ms AS lastMs FROM gap
WHERE epoch = ? AND sequence > ? AND first_ms IS NOT NULL AND last_ms IS NOT NULL
ORDER BY sequence LIMIT ?`;
