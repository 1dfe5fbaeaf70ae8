// The other end of bench/host/task.ts: runs one task by name in this process.

import { runLinesCollector, runLinesSenders } from "../peers/json-lines.ts";
import { runMqttCollector, runMqttPublishers } from "../peers/mqtt.ts";
import { runLoopbackLimit, runLoopbackReader, runSqliteLimit } from "./limits.ts";
import { runFleet } from "./load/fleet.ts";
import { runLoad } from "./load/run.ts";
import type { MessageOfTask, TaskContext } from "./task.ts";

type TaskFunction = (options: never, context: TaskContext) => Promise<unknown>;

const TASKS: Record<string, TaskFunction> = {
  load: runLoad,
  fleet: runFleet,
  "limit-sqlite": runSqliteLimit,
  "limit-loopback": runLoopbackLimit,
  "loopback-reader": runLoopbackReader,
  "mqtt-collector": runMqttCollector,
  "mqtt-publishers": runMqttPublishers,
  "lines-collector": runLinesCollector,
  "lines-senders": runLinesSenders,
};

const [name = "", options = "{}"] = process.argv.slice(2);
const tell = (message: MessageOfTask) => process.send!(message);
const context: TaskContext = {
  mark: (mark) => tell({ kind: "mark", name: mark }),
  tell: (value) => tell({ kind: "told", value }),
};
process.once("disconnect", () => process.exit(1)); // nobody is left to tell

try {
  const result = await TASKS[name]!(JSON.parse(options) as never, context);
  tell({ kind: "result", result });
} catch (error) {
  tell({ kind: "failure", text: error instanceof Error ? error.stack! : String(error) });
}
