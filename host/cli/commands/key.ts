// `senda key`: who may send readings. Keys are never printed; they go from file to file.

import { Command } from "commander";
import { isName } from "../../../shared/channel.ts";
import { createKey, type DeviceKeys, formatKey, parseKey } from "../../keys/device-keys.ts";
import { changeKeyFile, DEFAULT_KEY_FILE, readKeyFile } from "../../keys/key-file.ts";
import { createPrivateFile, readPrivateFile } from "../../keys/private-file.ts";
import { printable } from "../../terminal/printable.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";

interface FileFlags {
  readonly keys: string;
  readonly json?: true;
}

interface KeyFlags extends FileFlags {
  readonly keyFile?: string;
  readonly out?: string;
}

export function keyCommand(): Command {
  return new Command("key")
    .description("Keeps the keys of devices: a device without one cannot send readings.")
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(rotateCommand())
    .addCommand(removeCommand())
    .addHelpText(
      "after",
      `
Examples:
  $ senda key add cellar --out cellar.key
  $ senda collect --tcp 0.0.0.0:7363 --keys ${DEFAULT_KEY_FILE}
  $ senda key rotate cellar`,
    );
}

function subcommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--keys <file>", "the file of keys, which only you can read", DEFAULT_KEY_FILE)
    .option("--json", "one JSON object, for programs");
}

function withKeyFlags(command: Command): Command {
  return command
    .option("--key-file <file>", "take the key from this file rather than make one")
    .option("--out <file>", "write the key there too, for the device");
}

function addCommand(): Command {
  return withKeyFlags(subcommand("add", "Makes a key for a device that has none."))
    .argument("<name>", "the device")
    .addHelpText("after", "\nExample:\n  $ senda key add cellar --out cellar.key")
    .action(async (device: string, flags: KeyFlags) => {
      checkName(device);
      await putKey(device, flags, "added", (keys, key) => {
        if (keys.keysOf(device).length > 0) {
          throw new CommandFailure(
            `key: ${printable(device)} has a key already; \`senda key rotate\` gives it another one`,
          );
        }
        keys.add(device, key);
      });
    });
}

function rotateCommand(): Command {
  return withKeyFlags(
    subcommand("rotate", "Makes a new key, which a collector that runs brings to the device."),
  )
    .argument("<name>", "the device")
    .addHelpText(
      "after",
      `
The collector that runs with this file of keys gives the device its new key inside their
sealed session, or once the device is back. The old key holds until it has come with
the new one, so nobody is locked out.

Example:
  $ senda key rotate cellar`,
    )
    .action(async (device: string, flags: KeyFlags) => {
      await putKey(device, flags, "rotated", (keys, key) => {
        checkKnown(keys, device, flags);
        keys.rotate(device, key);
      });
    });
}

function removeCommand(): Command {
  return subcommand("remove", "Takes a device's key away: a collector that runs shuts it out.")
    .argument("<name>", "the device")
    .addHelpText("after", "\nExample:\n  $ senda key remove cellar")
    .action(async (device: string, flags: FileFlags) => {
      await changeKeyFile(flags.keys, (keys) => {
        checkKnown(keys, device, flags);
        keys.remove(device);
      });
      tell(flags, { event: "removed", device }, `${printable(device)} has no key any more.`);
    });
}

function listCommand(): Command {
  return subcommand("list", "Lists the devices that have keys, without the keys.")
    .addHelpText("after", "\nExample:\n  $ senda key list --json")
    .action((flags: FileFlags) => {
      const keys = readKeyFile(flags.keys);
      const devices = keys.devices.map((device) => ({ device, keys: keys.keysOf(device).length }));
      if (flags.json) {
        process.stdout.write(`${JSON.stringify({ devices })}\n`);
        return;
      }
      for (const { device, keys: count } of devices) {
        const note = count > 1 ? "  (the old key holds until it comes with the new one)" : "";
        process.stdout.write(`${printable(device)}${note}\n`);
      }
      if (devices.length === 0) process.stdout.write("No device has a key.\n");
    });
}

async function putKey(
  device: string,
  flags: KeyFlags,
  event: "added" | "rotated",
  put: (keys: DeviceKeys, key: Uint8Array) => void,
): Promise<void> {
  const key = flags.keyFile === undefined ? createKey() : keyIn(flags.keyFile);
  const { out, keys: file } = flags;
  await changeKeyFile(file, (keys) => {
    put(keys, key);
    if (out !== undefined) createPrivateFile(out, `${formatKey(key)}\n`);
  });
  const way =
    event === "added" ? "" : " The collector that has these keys brings it to the device.";
  const where =
    out === undefined ? way : ` For the device it is in ${out}: remove that file once it has it.`;
  tell(
    flags,
    { event, device, keys: file, out: out ?? null },
    `${printable(device)} has a ${event === "added" ? "" : "new "}key in ${file}.${where}`,
  );
}

/** The key in a file. Throws a KeyError or a CommandFailure; neither shows what is in it. */
export function keyIn(path: string): Uint8Array {
  const text = readPrivateFile(path);
  const key = text === undefined ? undefined : parseKey(text);
  if (key === undefined) {
    const what = text === undefined ? "is not there" : "holds no key of 64 hexadecimal digits";
    throw new CommandFailure(`key: ${path} ${what}`, EXIT_USAGE);
  }
  return key;
}

function checkName(device: string): void {
  if (isName(device)) return;
  throw new CommandFailure(
    "key: a device's name has 1 to 64 bytes and no control characters",
    EXIT_USAGE,
  );
}

function checkKnown(keys: DeviceKeys, device: string, { keys: file }: FileFlags): void {
  if (keys.keysOf(device).length > 0) return;
  throw new CommandFailure(
    `key: no device ${printable(device)} has a key in ${file}; \`senda key list\` shows those that do`,
  );
}

function tell({ json }: FileFlags, event: object, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(event) : text}\n`);
}
