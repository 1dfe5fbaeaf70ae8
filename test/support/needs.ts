// Tests that need a tool which not every machine has: they run where it is, and where it is not, the
// title of what was skipped names it.

import { describe } from "vitest";

/** Vitest's `describe`, skipped with the reason in its title unless `isAvailable`. */
export function describeWith(
  tool: string,
  isAvailable: boolean,
  title: string,
  body: () => void,
): void {
  if (isAvailable) describe(title, body);
  else describe.skip(`${title} (skipped: ${tool} is not installed)`, body);
}
