// All vector files, by name. The twin makes them; test/shared/vectors.test.ts checks that the files
// in this folder are what it makes.

import { batchesTable } from "./batches.ts";
import type { Table } from "./entry.ts";
import { datagramTable, serialTable, streamTable } from "./frames.ts";
import { messagesTable } from "./messages.ts";
import { cobsTable, crcTable, varintTable } from "./numbers.ts";
import { cborTable, schemasTable } from "./schemas.ts";
import { cryptoTable, sealsTable } from "./seals.ts";

export function allTables(): Record<string, Table> {
  return {
    varint: varintTable(),
    crc32c: crcTable(),
    cobs: cobsTable(),
    "frames-stream": streamTable(),
    "frames-serial": serialTable(),
    "frames-datagram": datagramTable(),
    cbor: cborTable(),
    messages: messagesTable(),
    schemas: schemasTable(),
    batches: batchesTable(),
    crypto: cryptoTable(),
    seals: sealsTable(),
  };
}

/** A file's text: one vector a line, so that a change shows as a line. */
export function formatTable(table: Table): string {
  const lines = table.vectors.map((vector) => `    ${JSON.stringify(vector)}`);
  return `{\n  "about": ${JSON.stringify(table.about)},\n  "vectors": [\n${lines.join(",\n")}\n  ]\n}\n`;
}
