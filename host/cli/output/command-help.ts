// A device's commands and what they take, as it describes them (device/commands/registry.ts).

import { printable } from "../../terminal/printable.ts";

interface DescribedParameter {
  readonly name: string;
  readonly kind: string;
  readonly help?: string;
  readonly unit?: string;
  readonly least?: number;
  readonly most?: number;
  readonly labels?: readonly string[];
  readonly optional?: boolean;
}

export interface DescribedCommand {
  readonly name: string;
  readonly help?: string;
  readonly parameters?: readonly DescribedParameter[];
  readonly others?: string;
}

/** Lines, each with its end. */
export function describeCommands(commands: readonly DescribedCommand[], device: string): string {
  const widest = Math.max(0, ...commands.map(({ name }) => name.length));
  const lines = commands.flatMap(({ name, help = "", parameters = [], others }) => [
    `  ${name.padEnd(widest)}  ${help}`,
    ...parameters.map((each) => `  ${"".padEnd(widest)}    ${describeParameter(each)}`),
    ...(others === undefined ? [] : [`  ${"".padEnd(widest)}    ${others}`]),
  ]);
  const head = `Commands of ${device}, for example: senda send ${device} ${commands[0]?.name ?? ""}`;
  return [head, ...lines].map((line) => `${printable(line)}\n`).join("");
}

function describeParameter(parameter: DescribedParameter): string {
  const { name, kind, help = "", unit, least, most, labels, optional } = parameter;
  const written = `${name}=${(labels?.join("|") ?? kind).toUpperCase()}`;
  const bounds = least === undefined && most === undefined ? "" : ` ${least ?? ""}..${most ?? ""}`;
  const measure = unit === undefined ? "" : ` ${unit}`;
  return `${optional === true ? `[${written}]` : written}${bounds}${measure}  ${help}`;
}
