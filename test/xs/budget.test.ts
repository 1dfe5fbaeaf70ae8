// The device's budget: steps, garbage and bytes may not grow by more than a twentieth unnoticed.

import { expect, test } from "vitest";
import { type Budget, measureFirmware, measureSteps, recordedBudget } from "../../bench/budget.ts";
import { describeWith } from "../support/needs.ts";
import { XS_INSTALL_COMMAND, xsWorkerPath } from "./xs-engine.ts";

const GROWTH_MAX = 1.05;
const HOW =
  "more than the budget: make it less, or `npm run budget:record` and say why in the commit";

function expectWithin(measured: Budget): void {
  const recorded = recordedBudget();
  for (const [name, value] of Object.entries(measured)) {
    const most = Math.floor(GROWTH_MAX * recorded[name]!);
    expect(value, `${name}: ${value}, recorded ${recorded[name]}; ${HOW}`).toBeLessThanOrEqual(
      most,
    );
  }
}

test("the firmware's size", () => {
  expectWithin(measureFirmware());
});

describeWith(
  `the XS engine: ${XS_INSTALL_COMMAND}`,
  xsWorkerPath() !== undefined,
  "budget on XS",
  () => {
    test("steps and garbage of 1,000 readings", async () => {
      expectWithin(await measureSteps());
    }, 60_000);
  },
);
