// A real browser for tests: Debian's Chromium, driven by playwright-core. None of its services that look for
// the network are on.

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is, or undefined. */
export const chromiumPath: string | undefined = PATHS.find((path) => existsSync(path));

export function launchBrowser(): Promise<Browser> {
  if (chromiumPath === undefined)
    throw new Error("chromium is not installed: apt-get install chromium");
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox", // tests may run as root, in a container
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
