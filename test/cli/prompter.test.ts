// Questions at a terminal: what is shown, what is not, and how they end.

import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Prompter } from "../../host/cli/prompter.ts";

function terminal() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = "";
  output.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
  });
  return { input, shown: () => shown, prompter: new Prompter(input, output) };
}

test("an answer, and the default for none", async () => {
  const { input, shown, prompter } = terminal();
  const name = prompter.ask("Name", "senda-a1b2c3");
  input.write("cellar\r");
  expect(await name).toBe("cellar");
  const again = prompter.ask("Name", "senda-a1b2c3");
  input.write("\r");
  expect(await again).toBe("senda-a1b2c3");
  expect(shown()).toContain("Name [senda-a1b2c3]: ");
  expect(shown()).toContain("cellar");
  prompter.close();
});

test("a password is taken as it is, and shown nowhere", async () => {
  const { input, shown, prompter } = terminal();
  const password = prompter.askSecret("Password of shed");
  for (const key of " open sesame ") input.write(key);
  input.write("\r");
  expect(await password).toBe(" open sesame ");
  const name = prompter.ask("Name");
  input.write("cellar\r");
  await name;
  expect(shown()).toContain("Password of shed: ");
  expect(shown()).toContain("cellar");
  expect(shown()).not.toContain("sesame");
  prompter.close();
});

test("only yes is yes", async () => {
  const { input, prompter } = terminal();
  for (const [typed, isYes] of [
    ["y", true],
    ["YES", true],
    ["", false],
    ["yep", false],
  ] as const) {
    const answer = prompter.confirm("Go on?");
    input.write(`${typed}\r`);
    expect(await answer).toBe(isYes);
  }
  prompter.close();
});

test.each([
  ["Ctrl-C", (input: PassThrough) => input.write("\x03")],
  ["the end of the input", (input: PassThrough) => input.end()],
] as const)("%s ends it, and what follows, in words", async (_what, end) => {
  const { input, prompter } = terminal();
  const password = prompter.askSecret("Password");
  end(input);
  const failure = { exitCode: 130, message: "stopped, and nothing was changed" };
  await expect(password).rejects.toMatchObject(failure);
  await expect(prompter.ask("Name")).rejects.toMatchObject(failure);
});
