// The dashboard in a real browser, against a real collector and simulated devices.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { portOf, RunningSenda, temporaryFolder } from "../support/senda.ts";
import { chromiumPath, launchBrowser } from "./support/browser.ts";
import { makePast } from "./support/history.ts";

const folder = temporaryFolder();
const DASHBOARD = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));

/** What the issue allows for the whole page, compressed. */
const PAGE_BYTES_MAX = 150_000;

test("the whole page is small", () => {
  const files = readdirSync(DASHBOARD, { recursive: true, encoding: "utf8" })
    .filter((name) => !/\.(br|gz)$/.test(name))
    .map((name) => join(DASHBOARD, name))
    .filter((path) => statSync(path).isFile());
  expect(files.length).toBeGreaterThan(2);
  const bytes = files.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
  console.log(`dashboard: ${files.length} files, ${bytes} bytes compressed with gzip`);
  expect(bytes).toBeLessThan(PAGE_BYTES_MAX);
});

function startCollector(db: string, tcp = "0", http = "0"): RunningSenda {
  const listen = ["--tcp", `127.0.0.1:${tcp}`, "--udp", "off", "--http", `127.0.0.1:${http}`];
  return new RunningSenda("collect", "--db", db, ...listen, "--json");
}

describeWith("chromium", chromiumPath !== undefined, "the dashboard", () => {
  let browser: Browser;
  let context: BrowserContext;
  let collector: RunningSenda;
  let device: RunningSenda;
  let tcpPort: string;
  let httpPort: string;
  const db = join(folder, "dashboard.db");
  /** What the browser complained of: scripts that threw, files that the policy refused. */
  const complaints: string[] = [];

  beforeAll(async () => {
    await makePast({ db, endedMs: 60_000, rows: 400, dropped: 90 });
    browser = await launchBrowser();
    collector = startCollector(db);
    const listening = await collector.event("listening");
    [tcpPort, httpPort] = [portOf(listening.tcp), portOf(listening.http)];
    device = new RunningSenda("simulate", "--port", tcpPort, "--period-ms", "200", "--json");
    await collector.event("connected");
  });

  afterAll(async () => {
    await browser.close();
    await device.stop();
    expect(await collector.stop()).toBe(0);
  });

  afterEach(async () => {
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    context = await browser.newContext({ locale: "en-GB", ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      const isOfConnection = /ERR_CONNECTION|WebSocket connection/.test(message.text());
      if (message.type() === "error" && !isOfConnection) complaints.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${httpPort}${path}`);
    return page;
  }

  /** The points of the first chart, and the pieces that its line is in. */
  async function chartOf(page: Page): Promise<{ points: number; pieces: number }> {
    const text = await page.locator("[data-summary]").first().textContent();
    const [, points, pieces] = /(\d+) \D+ (\d+)/.exec(text ?? "") ?? [];
    return { points: Number(points), pieces: Number(pieces) };
  }

  async function untilChart(
    page: Page,
    holds: (chart: { points: number; pieces: number }) => boolean,
  ): Promise<void> {
    while (!holds(await chartOf(page))) await nextFrame(page);
  }

  test("devices, those that need a person first; values move by themselves", async () => {
    const page = await open("/");
    const rows = page.locator(".device");
    await rows.nth(1).waitFor();
    expect(await rows.locator("h2").allTextContents()).toEqual(["orchard", "sim-1"]);
    expect(await rows.nth(0).textContent()).toContain("90 readings were dropped");
    expect(await rows.nth(1).textContent()).toContain("WiFi, TCP");
    const value = rows.nth(1).locator(".value-number").nth(2);
    const before = await value.textContent();
    while ((await value.textContent()) === before) await nextFrame(page);
    await rows.nth(1).locator(".spark path[d^=M]").first().waitFor({ state: "attached" });
  });

  test("a device's charts grow while one looks, and its gap is shown", async () => {
    const page = await open("/devices/sim-1");
    await untilChart(page, ({ points }) => points > 2);
    const { points } = await chartOf(page);
    await untilChart(page, (chart) => chart.points > points + 5);
    await page.goto(`http://127.0.0.1:${httpPort}/devices/orchard`);
    const gap = page.locator("table tbody tr");
    await gap.waitFor();
    expect(await gap.textContent()).toMatch(/90memory full$/);
    await page.getByRole("button", { name: "15 min", exact: true }).click();
    await untilChart(page, ({ pieces }) => pieces === 2);
    expect(await page.getByText("No readings in this time").count()).toBe(0);
  });

  test("drag zooms, buttons go back; what is shown can be downloaded", async () => {
    const page = await open("/devices/sim-1");
    await untilChart(page, ({ points }) => points > 2);
    const box = (await page.locator(".u-over").first().boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const back = page.getByRole("button", { name: "Back to live" });
    await back.waitFor();
    const href = await page.getByRole("link", { name: "CSV" }).getAttribute("href");
    const csv = await (await fetch(`http://127.0.0.1:${httpPort}${href}`)).text();
    expect(csv).toMatch(/^time,temperature,humidity/);
    await back.click();
    await page.getByText("Live", { exact: true }).waitFor();
  });

  test("all of it by keyboard", async () => {
    const page = await open("/");
    await page.locator(".device").nth(1).waitFor();
    await page.keyboard.press("Tab");
    expect(await focused(page)).toContain("Skip to the content");
    await page.keyboard.press("Enter");
    for (let tabs = 0; (await focused(page)) !== "sim-1"; tabs++) {
      expect(tabs).toBeLessThan(10);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    const chart = page.locator("[data-chart]").first();
    await chart.focus();
    await page.keyboard.press("ArrowLeft");
    await page.getByRole("button", { name: "Back to live" }).waitFor();
    await page.keyboard.press("Home");
    await page.getByText("Live", { exact: true }).waitFor();
  });

  test("Spanish where the browser is, and chosen by hand", async () => {
    const page = await open("/", { locale: "es-CL" });
    await page.getByRole("heading", { name: "Resumen" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("es");
    await page.getByLabel("Idioma").selectOption("en");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  });

  test.each(["/", "/devices/sim-1", "/devices/orchard", "/devices/nobody", "/status", "/api"])(
    "axe finds nothing serious on %s, in light and in dark, wide and narrow",
    async (path) => {
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [1440, 390]) {
          const page = await open(path, { colorScheme, viewport: { width, height: 900 } });
          await page.locator("main h1").waitFor();
          expect(await faultsOf(page), `${path} ${colorScheme} ${width}`).toEqual([]);
          const scrolls = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          expect(scrolls, `${path} at ${width} pixels is wider than the screen by`).toBe(0);
          await context.close();
        }
      }
    },
    120_000,
  );

  test("the collector is killed under the page and comes back: said so, and filled in", async () => {
    const page = await open("/devices/sim-1");
    await untilChart(page, ({ points, pieces }) => points > 10 && pieces === 1);
    await collector.kill();
    await page.getByText("The collector does not answer").waitFor();
    // While nobody answers the device goes on measuring: more than a usual pause of the chart.
    await page.getByText(/^[5-9] sec ago$/).waitFor();
    collector = startCollector(db, tcpPort, httpPort);
    await collector.event("connected");
    await page.getByText("The collector is back").waitFor();
    const { points } = await chartOf(page);
    await untilChart(page, (chart) => chart.points > points + 15 && chart.pieces === 1);
  }, 120_000);

  test("nobody has come yet: what to do", async () => {
    const empty = startCollector(join(folder, "empty.db"));
    const { http } = await empty.event("listening");
    const page = await open("/");
    await page.goto(`http://${http}/`);
    await page.getByRole("heading", { name: "No device has come yet" }).waitFor();
    expect(await page.locator("main").textContent()).toContain("senda simulate");
    expect(await faultsOf(page)).toEqual([]);
    expect(await empty.stop()).toBe(0);
  });
});

function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.textContent.trim()");
}

/** When the browser has drawn again. */
async function nextFrame(page: Page): Promise<void> {
  await page.evaluate(
    "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))",
  );
}

/** What axe calls serious or critical. The policy lets no script in, so it comes by the debugger. */
async function faultsOf(page: Page): Promise<unknown[]> {
  await page.evaluate(`${axe.source}; undefined`);
  return await page.evaluate(`axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => html.slice(0, 200) + failureSummary) })))`);
}
