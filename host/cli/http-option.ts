// `--http`, as collect and demo have it: where the dashboard and the API are served.

import { type Command, Option } from "commander";
import type { HttpOptions } from "../http/server.ts";
import { type Address, DEFAULT_HTTP_PORT, formatAddress } from "../links/address.ts";
import { type AddressOrOff, addressOrOff } from "./arguments.ts";

const DEFAULT_HTTP: Address = { host: "127.0.0.1", port: DEFAULT_HTTP_PORT };

export function httpOption(): Option {
  return new Option("--http <addr:port>", 'where the dashboard and the API are; "off" for nowhere')
    .argParser(addressOrOff)
    .default(DEFAULT_HTTP, formatAddress(DEFAULT_HTTP));
}

export function httpOf(
  { http }: { readonly http: AddressOrOff },
  command: Command,
): HttpOptions | "off" {
  if (http === "off") return http;
  return { address: http, isAsked: command.getOptionValueSource("http") !== "default" };
}

/** One line that says where to look, or why there is nothing to look at; nothing where that was asked for. */
export function dashboardText(address: Address | undefined, fault: string | undefined): string {
  if (address !== undefined) return `Dashboard: http://${formatAddress(address)}/\n`;
  return fault === undefined ? "" : `! ${fault}\n`;
}
