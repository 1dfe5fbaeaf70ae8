// The command line: `senda COMMAND`. Each command is one file in host/cli/commands.

import { Command, CommanderError } from "commander";
import { FIRMWARE_VERSION } from "../../device/firmware.ts";
import { EXIT_FAILED, EXIT_USAGE, isForUser } from "./failure.ts";
import { endWithoutOutput } from "./lost-output.ts";

/**
 * Each is loaded when it is asked for, all of them only for the help: a command starts sooner without
 * the others, and `doctor` runs though a native part of another cannot be loaded.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  collect: async () => (await import("./commands/collect.ts")).collectCommand(),
  simulate: async () => (await import("./commands/simulate.ts")).simulateCommand(),
  devices: async () => (await import("./commands/devices.ts")).devicesCommand(),
  status: async () => (await import("./commands/status.ts")).statusCommand(),
  tail: async () => (await import("./commands/tail.ts")).tailCommand(),
  query: async () => (await import("./commands/query.ts")).queryCommand(),
  export: async () => (await import("./commands/export.ts")).exportCommand(),
  send: async () => (await import("./commands/send.ts")).sendCommand(),
  put: async () => (await import("./commands/put.ts")).putCommand(),
  get: async () => (await import("./commands/get.ts")).getCommand(),
  files: async () => (await import("./commands/files.ts")).filesCommand(),
  update: async () => (await import("./commands/update.ts")).updateCommand(),
  firmware: async () => (await import("./commands/firmware.ts")).firmwareCommand(),
  set: async () => (await import("./commands/set.ts")).setCommand(),
  verify: async () => (await import("./commands/verify.ts")).verifyCommand(),
  key: async () => (await import("./commands/key.ts")).keyCommand(),
  enroll: async () => (await import("./commands/enroll.ts")).enrollCommand(),
  echo: async () => (await import("./commands/echo.ts")).echoCommand(),
  plain: async () => (await import("./commands/plain.ts")).plainCommand(),
  demo: async () => (await import("./commands/demo.ts")).demoCommand(),
  flash: async () => (await import("./commands/flash.ts")).flashCommand(),
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand(),
};

async function createProgram(asked: string | undefined): Promise<Command> {
  const program = new Command("senda")
    .description("Carries sensor readings from microcontrollers to where they are kept.")
    .version(FIRMWARE_VERSION, "-V, --version")
    .showSuggestionAfterError()
    .enablePositionalOptions() // `firmware sign` has a --version of its own
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "senda: ")) });
  const known = Object.keys(COMMANDS);
  for (const name of asked !== undefined && known.includes(asked) ? [asked] : known) {
    const command = await COMMANDS[name]!();
    for (const each of [command, ...command.commands]) {
      each.copyInheritedSettings(program).exitOverride();
    }
    program.addCommand(command);
  }
  return program.exitOverride();
}

/** Runs one command line and returns the exit status. */
async function run(argv: readonly string[]): Promise<number> {
  try {
    const program = await createProgram(argv[2]);
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!isForUser(error)) throw error;
    process.stderr.write(`senda: ${error.message}\n`);
    return "exitCode" in error ? Number(error.exitCode) : EXIT_FAILED;
  }
}

endWithoutOutput();
process.exitCode = await run(process.argv);
