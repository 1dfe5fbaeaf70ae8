// `senda firmware`: makes updates that boards take.

import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { isName } from "../../../shared/channel.ts";
import { signedUpdate, updateKeyOf } from "../../firmware/sign.ts";
import { jsonLine } from "../../terminal/printable.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { bytesText } from "../output/quantity.ts";

interface KeyFlags {
  readonly key: string;
  readonly json?: true;
}

interface SignFlags extends KeyFlags {
  readonly version: string;
  readonly out?: string;
}

export function firmwareCommand(): Command {
  return new Command("firmware")
    .description("Makes updates of the firmware: signed, for boards that know the key.")
    .addCommand(signCommand())
    .addCommand(keyCommand())
    .addHelpText(
      "after",
      `
Examples:
  $ openssl ecparam -name prime256v1 -genkey -noout -out update.pem
  $ senda firmware key --key update.pem      # goes into the setting updateKey
  $ senda firmware sign xs_esp32.bin --key update.pem --version "senda 0.2.0"
  $ senda update greenhouse xs_esp32.bin.update`,
    );
}

function signCommand(): Command {
  return withKey(new Command("sign"))
    .description("Signs an image: the update is the image with a signed head before it.")
    .argument("<image>", "the binary, as the SDK built it")
    .requiredOption("--version <text>", 'its name and version, such as "senda 0.2.0"')
    .option("--out <file>", "where the update goes (default: IMAGE.update)")
    .addHelpText(
      "after",
      '\nExample:\n  $ senda firmware sign xs_esp32.bin --key update.pem --version "senda 0.2.0"',
    )
    .action(sign);
}

function keyCommand(): Command {
  return withKey(new Command("key"))
    .description("Shows the public half of a key, for the setting updateKey.")
    .addHelpText("after", "\nExample:\n  $ senda firmware key --key update.pem")
    .action(({ key, json }: KeyFlags) => {
      const updateKey = updateKeyOf(read(key).toString());
      process.stdout.write(json ? jsonLine({ updateKey }) : `${updateKey}\n`);
    });
}

function withKey(command: Command): Command {
  return command
    .requiredOption("--key <file.pem>", "the private key, on P-256")
    .option("--json", "one JSON object, for programs");
}

function sign(path: string, { key, version, out = `${path}.update`, json }: SignFlags): void {
  if (!isName(version)) {
    throw new CommandFailure(
      "firmware: the version has 1 to 64 bytes and no control characters",
      EXIT_USAGE,
    );
  }
  const image = read(path);
  const update = signedUpdate(image, version, read(key).toString());
  try {
    writeFileSync(out, update);
  } catch (error) {
    throw new CommandFailure(`firmware: cannot write ${out}: ${(error as Error).message}`);
  }
  const text = `${out}: ${version}, an image of ${bytesText(image.length)}. \`senda update DEVICE ${out}\` sends it.\n`;
  process.stdout.write(json ? jsonLine({ update: out, version, bytes: image.length }) : text);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandFailure(`firmware: cannot read ${path}: ${(error as Error).message}`);
  }
}
