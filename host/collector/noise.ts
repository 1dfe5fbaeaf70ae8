// What came on links and is no message: counted, and told of where somebody may want to know.

import type { FrameEvent } from "../../shared/frame/frame.ts";
import type { CollectorEvent } from "./events.ts";

/** Longest console line that is passed on; a device that prints on without end is cut there. */
const CONSOLE_TEXT_MAX = 2_000;

export class Noise {
  noise = 0;
  noiseBytes = 0;

  /** Returns what is to be told of it, if anything is. */
  take(where: string, event: Exclude<FrameEvent, { kind: "message" }>): CollectorEvent | undefined {
    if (event.kind === "text") {
      const text = new TextDecoder().decode(event.bytes).slice(0, CONSOLE_TEXT_MAX);
      return { event: "console", where, text };
    }
    this.noise++;
    this.noiseBytes += event.kind === "noise" ? event.dropped : 0;
    if (event.kind !== "broken") return undefined;
    const why = "it does not speak this protocol (a frame longer than any of ours)";
    return { event: "refused", where, why };
  }
}
