// The routes of commands by themselves: who may ask, what is refused and how, how an answer arrives.

import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ControlClient, ControlError } from "../../host/commands/control-client.ts";
import type { Errand, Outcome } from "../../host/commands/courier.ts";
import type { Controls } from "../../host/http/controls.ts";
import { commandRoutes } from "../../host/http/routes/commands.ts";
import { createBareApp } from "../../host/http/server.ts";
import type { Address } from "../../host/links/address.ts";

const COMMANDS = "/api/devices/shed/commands";
const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** A collector that answers what it is told to. */
class FakeControls implements Controls {
  readonly transfers = undefined;
  readonly errands: Errand[] = [];
  answer: (errand: Errand) => Promise<Outcome> = async () => {
    return { status: "success", value: { items: [], total: 0 }, text: "" };
  };

  async knownDevices() {
    return [{ name: "shed", isHere: true }];
  }

  run(_device: string, errand: Errand): Promise<Outcome> {
    this.errands.push(errand);
    return this.answer(errand);
  }
}

interface Server {
  readonly address: Address;
  close(): Promise<void>;
}

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(controls: Controls = new FakeControls()): Promise<Server> {
  const app = createBareApp();
  commandRoutes(app, controls);
  await app.listen(LOOPBACK);
  const { port } = app.server.address() as AddressInfo;
  const server = { address: { host: LOOPBACK.host, port }, close: () => app.close() };
  servers.push(server);
  return server;
}

interface Answered {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

/** A request whose headers are as given, which `fetch` would not allow. */
function ask(
  server: Server,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answered> {
  const { method = "GET", headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const { host, port } = server.address;
    const asked = request({ host, port, path, method, headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.once("end", () => {
        const type = response.headers["content-type"];
        resolve({ status: response.statusCode, type, body: text });
      });
    });
    asked.once("error", reject);
    asked.end(body);
  });
}

const JSON_TYPE = { "content-type": "application/json" };

describe("who may ask", () => {
  test.each([
    ["evil.example", undefined, 421],
    ["127.0.0.1.evil.example", undefined, 421],
    ["localhost.evil.example:7380", undefined, 421],
    ["127.0.0.1:7380", "http://evil.example", 403],
    ["127.0.0.1:7380", "http://127.0.0.1:8080", 403],
    ["127.0.0.1:7380", "null", 403],
    ["127.0.0.1:7380", "http://127.0.0.1:7380", 200],
    ["localhost:7380", undefined, 200],
    ["[::1]:7380", undefined, 200],
  ])("host %j, origin %j: %i", async (host, origin, status) => {
    const headers = { host, ...(origin === undefined ? {} : { origin }) };
    const answered = await ask(await serve(), COMMANDS, { headers });
    expect(answered.status).toBe(status);
    if (status !== 200) expect(answered.type).toContain("application/problem+json");
  });

  test("a form of a foreign page is no command", async () => {
    const controls = new FakeControls();
    const answered = await ask(await serve(controls), "/api/devices/shed/commands", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: '{"name":"restart"}',
    });
    expect(answered.status).toBe(415);
    expect(controls.errands).toEqual([]);
  });
});

describe("what is refused", () => {
  test.each([
    ["{}", "body must have required property 'name'"],
    ['{"name":{}}', "body/name must be string"],
    ['{"name":"x","arguments":{"a":{}}}', "body/arguments/a must be string,number,boolean"],
    ['{"name":"x","withinMs":600001}', "body/withinMs must be <= 600000"],
    ['{"name":"x","colour":"red"}', "body must NOT have additional properties"],
    ["{", "JSON"],
  ])("%s", async (body, detail) => {
    const controls = new FakeControls();
    const path = "/api/devices/shed/commands";
    const answered = await ask(await serve(controls), path, {
      method: "POST",
      headers: JSON_TYPE,
      body,
    });
    expect(answered.status).toBe(400);
    expect(JSON.parse(answered.body).detail).toContain(detail);
    expect(controls.errands).toEqual([]);
  });

  test("a body that is too long, an unknown device, an unknown path", async () => {
    const server = await serve();
    const post = { method: "POST", headers: JSON_TYPE };
    const long = { ...post, body: `{"name":"${"x".repeat(20_000)}"}` };
    expect((await ask(server, "/api/devices/shed/commands", long)).status).toBe(413);
    const unknown = await ask(server, "/api/devices/shde/commands", {
      ...post,
      body: '{"name":"x"}',
    });
    expect(unknown.status).toBe(404);
    expect(JSON.parse(unknown.body).detail).toContain('did you mean "shed"?');
    expect((await ask(server, "/nowhere")).status).toBe(404);
  });
});

describe("the client", () => {
  test("hears progress before the result", async () => {
    const controls = new FakeControls();
    let finish: () => void = () => undefined;
    const heard = new Promise<void>((resolve) => {
      finish = resolve;
    });
    controls.answer = async (errand) => {
      errand.handleSent?.();
      errand.handleProgress?.(1, 2);
      await heard; // the result waits until the progress has arrived
      return { status: "failed", value: null, text: "no lamp" };
    };
    const client = new ControlClient((await serve(controls)).address);
    const events: string[] = [];
    const outcome = await client.courierTo("shed")({
      name: "blink",
      arguments: { times: 3, fast: true, text: "x" },
      withinMs: 5_000,
      awayMsMax: 0,
      handleSent: () => events.push("sent"),
      handleProgress: (done, total) => {
        events.push(`${done} of ${total}`);
        finish();
      },
    });
    expect(events).toEqual(["sent", "1 of 2"]);
    expect(outcome).toEqual({ status: "failed", value: null, text: "no lamp" });
    expect(controls.errands[0]).toMatchObject({
      name: "blink",
      arguments: { times: 3, fast: true, text: "x" },
      withinMs: 5_000,
    });
  });

  test("says so where the collector stops before the result", async () => {
    const controls = new FakeControls();
    const server = await serve(controls);
    controls.answer = (errand) => {
      errand.handleSent?.();
      return new Promise(() => undefined);
    };
    const client = new ControlClient(server.address);
    const told = client.courierTo("shed")({
      name: "blink",
      arguments: {},
      withinMs: 5_000,
      awayMsMax: 0,
      handleSent: () => void server.close(),
    });
    await expect(told).rejects.toThrow(ControlError);
    await expect(told).rejects.toThrow("may or may not have run");
  });
});
