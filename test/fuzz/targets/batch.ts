// Batches, decoded by a schema out of the vectors, which the first byte picks: rows, bounds and refusals
// as the twin has them. One set of columns serves for all, as on a host: nothing of an earlier batch may
// show.

import { BatchColumns } from "../../../shared/batch/columns.ts";
import type { Channel } from "../../../shared/channel.ts";
import { BATCH_ROWS_MAX } from "../../../shared/limits.ts";
import { attempt, decodeBatch } from "../../reference/batches.ts";
import { batchNotation, readVectors } from "../../shared/notation.ts";
import { Choices } from "../choices.ts";
import { must, mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  const vectors = readVectors("batches");
  const lists = new Map(vectors.map(({ channels }) => [JSON.stringify(channels), channels]));
  const schemas = [...lists.keys()].slice(0, 256);
  const columns = new BatchColumns();
  return {
    inputBytesMax: 400,
    stepsMax: (bytes) => 40_000 + 2_000 * bytes,
    seeds: () =>
      vectors.map(({ hex, channels }) =>
        Uint8Array.of(schemas.indexOf(JSON.stringify(channels)), ...Buffer.from(hex, "hex")),
      ),
    run: (input) => {
      const choices = new Choices(input);
      const channels = lists.get(choices.pick(schemas)) as Channel[];
      check(choices.rest(), channels, columns);
    },
  };
}

function check(body: Uint8Array, channels: Channel[], columns: BatchColumns): void {
  const batch = batchNotation(body, channels, columns);
  const found = batch === undefined ? { error: "malformed" } : { value: batch };
  const twinChannels = channels as Parameters<typeof decodeBatch>[0];
  mustEqual(
    found,
    attempt(() => decodeBatch(twinChannels, [...body])),
    "as the twin decodes",
  );
  must(columns.timesMs.length <= BATCH_ROWS_MAX, "no more room than the longest batch takes");
  if (batch !== undefined) must(batch.rows.length <= 8 * body.length, "no more rows than bits");
}
