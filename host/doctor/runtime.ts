// Node and the libraries with native parts: whatever else is wrong, without these nothing runs.

import { loadSqlite } from "../store/sqlite.ts";
import { type Check, ok, problem, reasonOf } from "./check.ts";

/** As `engines` in package.json has it. */
const NODE_MIN = [20, 19] as const;

const REINSTALL = "run `npm rebuild`, or `rm -r node_modules && npm ci`, with the Node you use now";

/** `version`: as in process.versions.node. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  const text = `${version} on ${process.platform} ${process.arch}`;
  if (isEnough) return ok("Node", text);
  const needed = NODE_MIN.join(".");
  return problem("Node", `${text}, older than ${needed}`, `install Node ${needed} or later`);
}

export async function checkSqlite(): Promise<Check> {
  try {
    const open = await loadSqlite();
    const database = open(":memory:");
    const { version } = database.prepare("SELECT sqlite_version() AS version").get() as {
      version: string;
    };
    database.close();
    return ok("SQLite", `${version} loads`);
  } catch (error) {
    return problem("SQLite", `does not load: ${reasonOf(error)}`, REINSTALL);
  }
}

export async function checkSerialLibrary(): Promise<Check> {
  try {
    await import("serialport");
    return ok("serial library", "serialport loads");
  } catch (error) {
    return problem("serial library", `does not load: ${reasonOf(error)}`, REINSTALL);
  }
}
