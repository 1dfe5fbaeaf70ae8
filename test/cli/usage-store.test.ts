// Wrong usage of the commands that read a store: exit status 2, and a sentence with the flag's name,
// what was given and what is expected. Never a stack trace.

import { expect, test } from "vitest";
import { runSenda } from "../support/senda.ts";

const COMMANDS = ["devices", "status", "tail", "query", "export", "verify", "doctor"];

test.each<[string, string[], RegExp[]]>([
  ["an unknown flag", ["devices", "--colour"], [/unknown option '--colour'/]],
  ["a flag without its value", ["verify", "--db"], [/--db <file>/, /missing/]],
  ["too many arguments", ["status", "a", "b"], [/too many arguments/]],
  ["no device", ["query"], [/missing required argument 'device'/]],
  [
    "a time that is none",
    ["query", "x", "--from", "soon"],
    [/--from/, /'soon'/, /Expected a time/],
  ],
  ["a time that is none", ["export", "--to", "9x"], [/--to/, /'9x'/, /Expected a time/]],
  ["no rows at all", ["query", "x", "--limit", "0"], [/--limit/, /'0'/, /whole number from 1/]],
  ["half a row", ["tail", "--rows", "1.5"], [/--rows/, /'1\.5'/, /whole number from 0/]],
  ["less than none", ["tail", "--samples", "-1"], [/--samples/, /'-1'/, /whole number from 0/]],
  [
    "a time that ends before it begins",
    ["query", "x", "--from", "1h", "--to", "2h"],
    [/--from 20\S+Z is not before --to 20\S+Z/],
  ],
  ["an unknown format", ["export", "--format", "xml"], [/--format/, /'xml'/, /csv, ndjson/]],
  ["--force without a file", ["export", "--force"], [/--force/, /--output FILE/]],
])("%s: %j", async (_, args, parts) => {
  const { status, stdout, stderr } = await runSenda(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  for (const part of parts) expect(stderr).toMatch(part);
  expect(stderr).toMatch(/^senda: /);
  expect(stderr).not.toMatch(/^ +at /m);
});

test.each(COMMANDS)("%s --help ends with an example", async (command) => {
  const { status, stdout } = await runSenda(command, "--help");
  expect(status).toBe(0);
  expect(stdout.trimEnd().split("\n").pop()).toMatch(new RegExp(`^ {2}\\$ senda ${command}`));
});
