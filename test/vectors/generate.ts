// Writes the vector files anew from the reference twin; `npm run vectors` runs it.
// Run it after a change of the protocol, and read the difference before committing it.

import { writeFileSync } from "node:fs";
import { allTables, formatTable } from "../reference/tables/all.ts";

for (const [name, table] of Object.entries(allTables())) {
  const path = `test/vectors/${name}.json`;
  writeFileSync(path, formatTable(table));
  console.log(`${path}: ${table.vectors.length} vectors`);
}
