// Commands between a device's memory and a host's desk, over links that fail. PROTOCOL 7.9.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import { CommandDesk } from "../../shared/command/desk.ts";
import { CommandMemory } from "../../shared/command/memory.ts";
import { COMMAND_AUTHORS_MAX, COMMANDS_WAITING_MAX } from "../../shared/limits.ts";
import { type CborValue, encodeCbor } from "../../shared/message/cbor.ts";
import type { CommandMessage } from "../../shared/message/message.ts";
import { Pair, SERIAL, TCP, UDP } from "./session-pair.ts";

const BODY = encodeCbor(
  new Map<string, CborValue>([
    ["name", "blink"],
    ["arguments", new Map()],
  ]),
);

function command(fields: Partial<CommandMessage> = {}): CommandMessage {
  const id = { kind: "command", author: 1, number: 1 } as const;
  return { ...id, life: 7, withinMs: 1_000, body: BODY, ...fields };
}

describe("a device's memory", () => {
  test("a command that comes again does not run again, and is answered with its result", () => {
    const memory = new CommandMemory(7);
    memory.handleCommand(1, command(), 0);
    memory.pollCall()!.handleSuccess(42);
    const result = memory.pollAnswer(1);
    expect(result).toMatchObject({ kind: "result", status: "success", body: encodeCbor(42) });
    expect(memory.pollAnswer(1)).toBeUndefined();
    memory.handleCommand(2, command(), 500);
    expect(memory.pollCall()).toBeUndefined();
    expect(memory.pollAnswer(1)).toBeUndefined();
    expect(memory.pollAnswer(2)).toEqual(result);
  });

  test("while it runs, a repetition is answered with the progress so far", () => {
    const memory = new CommandMemory(7);
    memory.handleCommand(1, command(), 0);
    const call = memory.pollCall()!;
    call.handleProgress(3, 10);
    expect(memory.pollAnswer(1)).toMatchObject({ kind: "progress", done: 3, total: 10 });
    memory.handleCommand(1, command(), 500);
    expect(memory.pollCall()).toBeUndefined();
    expect(memory.pollAnswer(1)).toMatchObject({ kind: "progress", done: 3, total: 10 });
    call.handleFailure("failed", "no lamp");
    call.handleSuccess(1); // it has ended
    expect(memory.pollAnswer(1)).toMatchObject({ status: "failed", body: encodeCbor("no lamp") });
  });

  test("a command before the author's last is dropped", () => {
    const memory = new CommandMemory(7);
    memory.handleCommand(1, command({ number: 5 }), 0);
    memory.handleCommand(1, command({ number: 4 }), 0);
    expect(memory.pollCall()).toBeDefined();
    expect(memory.pollCall()).toBeUndefined();
    expect(memory.dropped).toBe(1);
  });

  test("a command for another life does not run", () => {
    const memory = new CommandMemory(7);
    memory.handleCommand(1, command({ life: 6 }), 0);
    expect(memory.pollCall()).toBeUndefined();
    expect(memory.pollAnswer(1)).toMatchObject({ kind: "result", status: "restarted" });
  });

  test("what is no command is answered as bad arguments, too long a result as failed", () => {
    const memory = new CommandMemory(7);
    memory.handleCommand(1, command({ body: new Uint8Array([0xff]) }), 0);
    expect(memory.pollCall()).toBeUndefined();
    expect(memory.pollAnswer(1)).toMatchObject({ status: "bad-arguments" });
    memory.handleCommand(1, command({ number: 2 }), 0);
    memory.pollCall()!.handleSuccess("x".repeat(1_000));
    expect(memory.pollAnswer(1)).toMatchObject({ status: "failed" });
  });

  test("it forgets a host only once that can repeat nothing any more", () => {
    const memory = new CommandMemory(7);
    for (let author = 1; author <= COMMAND_AUTHORS_MAX; author++) {
      memory.handleCommand(1, command({ author, withinMs: 60_000 }), 0);
      memory.pollCall()!.handleSuccess(null);
    }
    memory.handleCommand(1, command({ author: 99 }), 89_999);
    expect(memory.pollCall()).toBeUndefined();
    memory.handleCommand(1, command({ author: 1, withinMs: 60_000 }), 89_999);
    expect(memory.pollCall()).toBeUndefined();
    memory.handleCommand(1, command({ author: 99 }), 90_000);
    expect(memory.pollCall()).toBeDefined();
  });
});

describe("a host's desk", () => {
  const order = (name: string) => ({
    device: "d",
    request: { name, arguments: new Map() },
    withinMs: 1_000,
    awayMsMax: 0,
  });

  test("a device takes so many commands at a time, and one is on its way", () => {
    const desk = new CommandDesk(1);
    desk.handleHere("d", 7, 0);
    for (let count = 0; count < COMMANDS_WAITING_MAX; count++) desk.order(order("x"), 0);
    desk.order(order("x"), 0);
    expect(desk.pollEvent()).toMatchObject({ kind: "ended", outcome: { status: "busy" } });
    expect(desk.pollCommand(0)).toMatchObject({ message: { number: 1 } });
    expect(desk.pollCommand(0)).toBeUndefined();
  });

  test("answers of others, and of commands that are over, mean nothing", () => {
    const desk = new CommandDesk(1);
    desk.handleHere("d", 7, 0);
    desk.order(order("x"), 0);
    desk.pollCommand(0);
    desk.pollEvent();
    const result = { kind: "result", status: "success", body: encodeCbor(1) } as const;
    desk.handleAnswer("d", { ...result, author: 2, number: 1 });
    desk.handleAnswer("d", { ...result, author: 1, number: 2 });
    desk.handleAnswer("e", { ...result, author: 1, number: 1 });
    expect(desk.pollEvent()).toBeUndefined();
    desk.handleAnswer("d", { ...result, author: 1, number: 1 });
    expect(desk.pollEvent()).toMatchObject({ outcome: { status: "success", value: 1 } });
    desk.handleAnswer("d", { ...result, author: 1, number: 1 });
    expect(desk.pollEvent()).toBeUndefined();
  });
});

describe("over links", () => {
  test.each([TCP, UDP, SERIAL])("$kind: it runs and its value comes back", (traits) => {
    const pair = new Pair();
    pair.open(1, traits);
    pair.run(100);
    const ticket = pair.order("blink");
    expect(pair.run(50, () => pair.outcomes.has(ticket))).toBe(true);
    expect(pair.outcomes.get(ticket)).toEqual({ status: "success", value: "blink", text: "" });
  });

  test("a result that is lost with its link comes over the next one, and nothing runs twice", () => {
    const pair = new Pair();
    pair.open(1, TCP);
    pair.run(100);
    const ticket = pair.order("blink");
    pair.run(50, () => pair.ran.length === 1);
    pair.close(1);
    pair.run(300);
    expect(pair.outcomes.has(ticket)).toBe(false);
    pair.open(2, SERIAL);
    expect(pair.run(2_000, () => pair.outcomes.has(ticket))).toBe(true);
    expect(pair.outcomes.get(ticket)!.status).toBe("success");
    expect(pair.ran).toEqual(["blink"]);
  });

  test("a device that began anew is not asked again", () => {
    const pair = new Pair();
    pair.handleCall = () => undefined; // it dies while it is at it
    pair.open(1, TCP);
    pair.run(100);
    const ticket = pair.order("blink");
    pair.run(100);
    pair.restartDevice();
    expect(pair.run(5_000, () => pair.outcomes.has(ticket))).toBe(true);
    expect(pair.outcomes.get(ticket)!.status).toBe("restarted");
    pair.run(10_000);
    expect(pair.ran).toEqual(["blink"]);
  });

  test("what only the restart answers has succeeded", () => {
    const pair = new Pair();
    pair.handleCall = () => undefined;
    pair.open(1, TCP);
    pair.run(100);
    const ticket = pair.order("restart");
    pair.run(100);
    pair.restartDevice();
    pair.run(5_000, () => pair.outcomes.has(ticket));
    expect(pair.outcomes.get(ticket)!.status).toBe("success");
  });

  test("a device that is away is refused, or waited for", () => {
    const pair = new Pair();
    const refused = pair.order("blink");
    pair.run(1);
    expect(pair.outcomes.get(refused)!.status).toBe("away");
    const late = pair.order("blink", { awayMsMax: 5_000 });
    const kept = pair.order("glow", { awayMsMax: 60_000 });
    pair.run(6_000);
    expect(pair.outcomes.get(late)!.status).toBe("away");
    pair.open(1, UDP);
    pair.run(5_000, () => pair.outcomes.has(kept));
    expect(pair.outcomes.get(kept)!.status).toBe("success");
    expect(pair.ran).toEqual(["glow"]);
  });

  test("a device that does not answer is given up", () => {
    const pair = new Pair();
    pair.handleCall = () => undefined;
    pair.open(1, TCP);
    pair.run(100);
    const ticket = pair.order("blink", { withinMs: 3_000 });
    pair.run(2_900);
    expect(pair.outcomes.has(ticket)).toBe(false);
    pair.run(200);
    expect(pair.outcomes.get(ticket)!.status).toBe("no-answer");
  });

  test("whatever is lost, doubled and overtaken: at most once, exactly once where success is told", () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0, max: 0.5, noNaN: true }), (seed, loss) => {
        const pair = new Pair(mulberry32(seed));
        pair.open(1, UDP, { loss, duplicate: 0.3, jitterMs: 400 });
        pair.open(2, SERIAL, { loss });
        const names = Array.from({ length: 8 }, (_, index) => `command ${index}`);
        const tickets = names.map((name) => pair.order(name, { awayMsMax: 300_000 }));
        pair.run(20_000, () => pair.outcomes.size > 3);
        if (seed % 2 === 0) pair.restartDevice();
        if (seed % 3 === 0) pair.restartHost();
        expect(pair.run(400_000, () => pair.outcomes.size === names.length)).toBe(true);
        for (const [index, name] of names.entries()) {
          const times = pair.ran.filter((one) => one === name).length;
          expect(times).toBeLessThanOrEqual(1);
          if (pair.outcomes.get(tickets[index]!)!.status === "success") expect(times).toBe(1);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("a host that keeps nothing gets no records, and commands all the same", () => {
  const pair = new Pair();
  pair.open(1, TCP);
  pair.run(100);
  pair.produce(1);
  pair.run(100);
  expect(pair.store.records).toHaveLength(1);
  const acknowledged = pair.outbox.first;
  pair.restartHost({ isRecordless: true });
  pair.produce(2);
  pair.run(5_000);
  const ticket = pair.order("blink");
  pair.run(100, () => pair.outcomes.has(ticket));
  expect(pair.outcomes.get(ticket)!.status).toBe("success");
  expect([pair.store.records.length, pair.outbox.first]).toEqual([1, acknowledged]);
  expect(pair.device.dataLink).toBeUndefined();
  pair.restartHost();
  expect(pair.run(10_000, () => pair.store.records.length === 2)).toBe(true);
});
