// Pictures for the documentation, in docs/images: `npm run screenshots`. A store with a past, a collector
// and simulated devices, as they look after two minutes.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { portOf, RunningSenda } from "../support/senda.ts";
import { launchBrowser } from "./support/browser.ts";
import { makePast } from "./support/history.ts";

const IMAGES = fileURLToPath(new URL("../../docs/images", import.meta.url));
const LIVE_MS = 120_000;

const SHOTS = [
  { name: "overview", path: "/", width: 1440, colorScheme: "light" },
  { name: "device", path: "/devices/orchard", width: 1440, colorScheme: "dark", range: "6 h" },
  { name: "status", path: "/status", width: 1440, colorScheme: "light" },
  { name: "phone", path: "/devices/kitchen-1", width: 390, colorScheme: "light", range: "1 min" },
] as const;

async function take(browser: Browser, base: string): Promise<void> {
  for (const { name, path, width, colorScheme, ...more } of SHOTS) {
    const viewport = { width, height: width < 500 ? 844 : 900 };
    const context = await browser.newContext({ locale: "en-GB", colorScheme, viewport });
    const page = await context.newPage();
    await page.goto(base + path);
    await page.locator("main h1").waitFor();
    if ("range" in more) await page.getByRole("button", { name: more.range, exact: true }).click();
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 2_500))"); // it is a picture, no test
    await page.screenshot({ path: join(IMAGES, `${name}.png`) });
    await context.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), "senda-screenshots-"));
const db = join(folder, "greenhouse.db");
await makePast({ db, endedMs: 400_000, rows: 15_000, dropped: 900 });
const listen = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--json"];
const collector = new RunningSenda("collect", "--db", db, ...listen);
const { tcp, udp, http } = await collector.event("listening");
const fleets = [
  ["--name", "kitchen", "--devices", "2", "--port", portOf(tcp)],
  ["--name", "computer", "--sensor", "system", "--via", "udp", "--port", portOf(udp)],
].map((args) => new RunningSenda("simulate", ...args, "--period-ms", "500", "--json"));
await collector.eventAt("connected", 2);
await new Promise((resolve) => setTimeout(resolve, LIVE_MS));
const browser = await launchBrowser();
await take(browser, `http://${http}`);
await browser.close();
for (const running of [...fleets, collector]) await running.stop();
await rm(folder, { recursive: true });
