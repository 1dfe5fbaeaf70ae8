// The command line: `senda COMMAND`. Each command is one file in host/cli/commands.

import { Command, CommanderError } from "commander";
import { FIRMWARE_VERSION } from "../../device/firmware.ts";
import { collectCommand } from "./commands/collect.ts";
import { demoCommand } from "./commands/demo.ts";
import { devicesCommand } from "./commands/devices.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { queryCommand } from "./commands/query.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { statusCommand } from "./commands/status.ts";
import { tailCommand } from "./commands/tail.ts";
import { verifyCommand } from "./commands/verify.ts";
import { EXIT_FAILED, EXIT_USAGE, isForUser } from "./failure.ts";

const COMMANDS = [
  collectCommand,
  simulateCommand,
  devicesCommand,
  statusCommand,
  tailCommand,
  queryCommand,
  exportCommand,
  verifyCommand,
  demoCommand,
  doctorCommand,
];

function createProgram(): Command {
  const program = new Command("senda")
    .description("Carries sensor readings from microcontrollers to where they are kept.")
    .version(FIRMWARE_VERSION, "-V, --version")
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "senda: ")) });
  for (const create of COMMANDS) {
    const command = create().copyInheritedSettings(program).exitOverride();
    program.addCommand(command);
  }
  return program.exitOverride();
}

/** Runs one command line and returns the exit status. */
async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!isForUser(error)) throw error;
    process.stderr.write(`senda: ${error.message}\n`);
    return "exitCode" in error ? Number(error.exitCode) : EXIT_FAILED;
  }
}

// A reader that has seen enough (`senda export | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv);
