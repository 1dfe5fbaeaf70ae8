// The rest of the simulated machine: timers, clock, names, randomness.

import { performance } from "node:perf_hooks";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TimerHandle } from "../../device/platform/ecma419.ts";
import { createNodePlatform } from "../../host/simulator/io/node-platform.ts";
import { SimulatedSerial } from "../../host/simulator/io/serial.ts";
import { SimulatedTcp } from "../../host/simulator/io/tcp.ts";
import { nodeTimers } from "../../host/simulator/io/timers.ts";
import { SimulatedUdp } from "../../host/simulator/io/udp.ts";

const timers: TimerHandle[] = [];

afterEach(() => {
  for (const timer of timers.splice(0)) nodeTimers.clear(timer);
});

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}

/** Calls `done` when another timer of 1 ms has called `count` times: one that still ran had its turn. */
function afterCalls(count: number, done: () => void): void {
  let calls = 0;
  const timer = nodeTimers.repeat(() => {
    calls++;
    if (calls < count) return;
    nodeTimers.clear(timer);
    done();
  }, 1);
}

async function eachTurnUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
}

describe("timers", () => {
  test("set calls once, later", async () => {
    const calls: string[] = [];
    await new Promise<void>((resolve) => {
      nodeTimers.set(() => {
        calls.push("called");
        resolve();
      }, 0);
      calls.push("set");
    });
    expect(calls).toEqual(["set", "called"]);
  });

  test("repeat calls until it is cleared", async () => {
    let calls = 0;
    await new Promise<void>((resolve) => {
      const timer = nodeTimers.repeat(() => {
        calls++;
        if (calls < 3) return;
        nodeTimers.clear(timer);
        afterCalls(3, resolve);
      }, 1);
    });
    expect(calls).toBe(3);
  });

  test("a cleared timer does not call", async () => {
    const callback = vi.fn();
    nodeTimers.clear(nodeTimers.set(callback, 1));
    await new Promise<void>((resolve) => afterCalls(2, resolve));
    expect(callback).not.toHaveBeenCalled();
  });

  test("clearing undefined, or twice, does no harm", () => {
    const timer = nodeTimers.set(() => {}, 1);
    nodeTimers.clear(timer);
    nodeTimers.clear(timer);
    nodeTimers.clear(undefined);
  });

  test("a handle of another platform is refused", () => {
    expect(() => nodeTimers.clear({})).toThrow(TypeError);
  });

  test("after a stall, repeat does not catch up in a burst", async () => {
    const periodMs = 20;
    const times: number[] = [];
    await new Promise<void>((resolve) => {
      timers.push(
        nodeTimers.repeat(() => {
          if (times.length === 0) stall(5 * periodMs);
          times.push(performance.now());
          if (times.length === 3) resolve();
        }, periodMs),
      );
    });
    expect(times[2] - times[1]).toBeGreaterThan(periodMs / 2);
  });

  test("a timer keeps the process alive", () => {
    const before = activeTimers();
    timers.push(nodeTimers.set(() => {}, 100_000));
    expect(activeTimers()).toBe(before + 1);
  });

  test("a delay that Node would take for 1 ms is a RangeError", () => {
    expect(() => nodeTimers.set(() => {}, 2 ** 31)).toThrow(RangeError);
  });

  test("a period of 0 is a RangeError: an ESP32 calls it once only", () => {
    expect(() => nodeTimers.repeat(() => {}, 0)).toThrow(RangeError);
  });
});

/** Keeps the event loop from turning. */
function stall(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

describe("ticks", () => {
  test("starts at 0 and goes on in whole milliseconds", async () => {
    const platform = createNodePlatform();
    const first = platform.ticks();
    expect(Number.isInteger(first)).toBe(true);
    expect(first).toBeGreaterThanOrEqual(0);
    await eachTurnUntil(() => platform.ticks() > first);
  });

  test("wraps from the highest signed 32-bit number to the lowest", async () => {
    const platform = createNodePlatform({ ticksAtBoot: 0x7fff_ffff });
    await eachTurnUntil(() => platform.ticks() < 0);
    expect(platform.ticks()).toBeGreaterThanOrEqual(-0x8000_0000);
  });

  test("may start anywhere", () => {
    const ticks = createNodePlatform({ ticksAtBoot: 2 ** 32 - 1_000_000 }).ticks();
    expect(ticks).toBeGreaterThanOrEqual(-1_000_000);
    expect(ticks).toBeLessThan(0);
  });
});

describe("resolve", () => {
  const resolve = (host: string): Promise<string | undefined> =>
    new Promise((found) => createNodePlatform().resolve(host, found));

  test.each(["192.0.2.1", "2001:db8::1"])("gives the literal %s back", async (address) => {
    expect(await resolve(address)).toBe(address);
  });

  test("does not call back from inside the call, even for a literal", async () => {
    let hasReturned = false;
    const found = new Promise<boolean>((tell) =>
      createNodePlatform().resolve("127.0.0.1", () => tell(hasReturned)),
    );
    hasReturned = true;
    expect(await found).toBe(true);
  });

  test("gives an IPv4 address for a name", async () => {
    expect(await resolve("localhost")).toBe("127.0.0.1");
  });

  test.each(["", `${"x".repeat(64)}.invalid`])("gives undefined for %j", async (host) => {
    expect(await resolve(host)).toBeUndefined();
  });
});

describe("randomBytes", () => {
  test("gives as many bytes as asked for, other ones each time", () => {
    const platform = createNodePlatform();
    const [first, second] = [platform.randomBytes(16), platform.randomBytes(16)];
    expect(first).toHaveLength(16);
    expect(first).not.toEqual(second);
  });

  test("repeats itself for one seed, and goes on rather than start again", () => {
    const [once, again] = [createNodePlatform({ seed: 7 }), createNodePlatform({ seed: 7 })];
    const first = once.randomBytes(16);
    expect(again.randomBytes(16)).toEqual(first);
    expect(once.randomBytes(16)).not.toEqual(first);
  });

  test("differs between seeds", () => {
    const of = (seed: number) => createNodePlatform({ seed }).randomBytes(16);
    expect(of(1)).not.toEqual(of(2));
  });
});

test("the classes are the simulated ones", () => {
  const platform = createNodePlatform();
  expect(platform.TCP.prototype).toBeInstanceOf(SimulatedTcp);
  expect(platform.UDP).toBe(SimulatedUdp);
  expect(platform.Serial).toBe(SimulatedSerial);
  expect(platform.timers).toBe(nodeTimers);
});

test("trace goes to the given sink, and without one nowhere", () => {
  const lines: string[] = [];
  createNodePlatform({ trace: (line) => lines.push(line) }).trace("one");
  createNodePlatform().trace("two");
  expect(lines).toEqual(["one"]);
});

test("the reset reason is power-on unless given", () => {
  expect(createNodePlatform().resetReason()).toBe("power-on");
  expect(createNodePlatform({ resetReason: "watchdog" }).resetReason()).toBe("watchdog");
});
