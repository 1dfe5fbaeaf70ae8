// WiFi dies in silence, the USB cable carries on, WiFi comes back: one device with the firmware's own
// links, a real collector, a real pty, and a TCP connection that goes through a relay which can stop
// passing bytes without closing anything.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RandomSensor } from "../../device/sensors/random.ts";
import { DEFAULT_SETTINGS } from "../../device/settings.ts";
import { NO_FAULTS } from "../../host/simulator/faults.ts";
import { SimulatedDevice } from "../../host/simulator/simulated-device.ts";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();

/** Noticing a silent death, by default; and the first acknowledgement on the next link after that. */
const NOTICED_MS_MAX = 5_000;
const ACKNOWLEDGED_MS_MAX = 2_000;
/** For timers and processes of a busy machine. */
const SLACK_MS = 1_500;

/** A TCP relay that can swallow everything in both directions while its connections stay open. */
class SilentRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;

  constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect(targetPort, "127.0.0.1");
      this.#join(near, far);
      this.#join(far, near);
    }).listen(0, "127.0.0.1");
  }

  async port(): Promise<number> {
    if (!this.#server.listening) await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  fallSilent(): void {
    this.#isSilent = true;
  }

  /** New connections pass again; the silent ones are over. */
  heal(): void {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.heal();
    this.#server.close();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (chunk) => {
      if (!this.#isSilent) to.write(chunk);
    });
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

describeWith("socat", socatPath !== undefined, "with a serial cable", () => {
  test("silence on TCP is noticed, serial carries on, and TCP is taken up again", async () => {
    const db = join(folder, "failover.db");
    const line = await openPtyPair();
    const collector = new RunningSenda(
      ...[
        "collect",
        "--db",
        db,
        "--tcp",
        "127.0.0.1:0",
        "--udp",
        "off",
        "--serial",
        line.a,
        "--json",
      ],
    );
    const { tcp } = await collector.event("listening");
    const relay = new SilentRelay(Number(portOf(tcp)));

    let wake: () => void = () => undefined;
    const traces: string[] = [];
    const tcpPort = await relay.port();
    const device = new SimulatedDevice({
      settings: {
        ...DEFAULT_SETTINGS,
        device: "roamer",
        tcpPort,
        paths: ["tcp", "serial"],
        serial: { baud: 115_200, device: line.b },
        samplePeriodMs: 50,
        batchAgeMsMax: 200,
      },
      sensors: [{ sensor: new RandomSensor(1), periodMs: 50 }],
      faults: NO_FAULTS,
      seed: 1,
      samplesMax: 0,
      isPatient: false,
      trace: (text) => traces.push(text),
      handleProgress: () => wake(),
    });
    const until = async (isTrue: () => boolean): Promise<number> => {
      while (!isTrue()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return performance.now();
    };

    await until(() => device.status.path === "tcp" && device.status.acknowledged > 0);
    relay.fallSilent();
    const silentMs = performance.now();
    const noticedMs = await until(() => traces.some((text) => text.includes("tcp: silent")));
    expect(noticedMs - silentMs).toBeLessThan(NOTICED_MS_MAX + SLACK_MS);

    const before = device.status.acknowledged;
    const acknowledgedMs = await until(
      () => device.status.path === "serial" && device.status.acknowledged > before,
    );
    expect(acknowledgedMs - noticedMs).toBeLessThan(ACKNOWLEDGED_MS_MAX + SLACK_MS);
    console.log(
      `noticed after ${Math.round(noticedMs - silentMs)} ms, ` +
        `acknowledged over serial ${Math.round(acknowledgedMs - noticedMs)} ms later`,
    );

    relay.heal();
    const onSerial = device.status.acknowledged;
    await until(() => device.status.path === "tcp" && device.status.acknowledged > onSerial);

    const { gapReadings } = device.status;
    device.stop();
    await collector.event("disconnected", "roamer", "serial");
    expect(await collector.stop()).toBe(0);
    relay.close();
    await line.close();
    expect(gapReadings).toBe(0);
    const { stdout } = await runSenda("verify", "--db", db, "--json");
    const verdict = JSON.parse(stdout);
    expect(verdict).toMatchObject({ ok: true, devices: 1, missing: 0, duplicates: 0 });
    expect(verdict.epochs).toHaveLength(1);
  });
});
