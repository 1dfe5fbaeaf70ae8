// Before a test run: builds the host, the dashboard and the firmware once, for the tests that run them as
// processes or load them into an engine, and names the tools that are missing here. A build that fails
// fails the run: otherwise the bundles of an earlier build would be tested.

import { chromiumPath } from "./dashboard/support/browser.ts";
import { sdk } from "./firmware/moddable.ts";
import { hasPython } from "./plain/support/python.ts";
import { hasDocuments } from "./plain/support/teaching.ts";
import { socatPath } from "./support/pty.ts";
import { XS_INSTALL_COMMAND, xsWorkerPath } from "./xs/xs-engine.ts";

interface Builds {
  buildHost(): Promise<unknown>;
  buildDashboard(): Promise<unknown>;
  buildFirmware(): Promise<unknown>;
}

const TOOLS = [
  { name: "socat (a serial line without hardware)", isThere: socatPath !== undefined },
  { name: "chromium (the dashboard in a browser)", isThere: chromiumPath !== undefined },
  { name: `the XS engine (${XS_INSTALL_COMMAND})`, isThere: xsWorkerPath() !== undefined },
  { name: "python3", isThere: hasPython },
  { name: "the folder of the teaching documents", isThere: hasDocuments },
  { name: "the Moddable SDK (MODDABLE)", isThere: sdk !== undefined },
];

/** Vitest calls this once a run, before any test file. */
export async function setup(): Promise<void> {
  const missing = TOOLS.filter(({ isThere }) => !isThere).map(({ name }) => name);
  if (missing.length > 0) {
    console.warn(
      `Not installed here, so the tests that need it are skipped: ${missing.join("; ")}\n`,
    );
  }
  const buildModule = new URL("../build.mjs", import.meta.url).href;
  const { buildHost, buildDashboard, buildFirmware } = (await import(buildModule)) as Builds;
  await Promise.all([buildHost(), buildDashboard(), buildFirmware()]);
}
