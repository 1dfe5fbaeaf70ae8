// What a client hears of its frame. An answer may come later than its frame (an acknowledgement after
// the commit), never out of turn: the inputs see to that.

import { frameOf } from "./framing/framing.ts";
import type { PlainSpec } from "./spec.ts";

/** What became of a frame. */
export interface FrameStory {
  readonly frame: Uint8Array;
  /** Why it was refused; undefined where it was not. */
  readonly fault: string | undefined;
  readonly readings: number;
  /** Tells, once the frame's readings are on disk, that they are; or that they never will be. */
  readonly whenStored: (handleStored: (isStored: boolean) => void) => void;
}

/** Bytes for the wire; undefined for no answer. */
export type GiveAnswer = (bytes: Uint8Array | undefined) => void;

/** Calls `give` once, now or later. */
export type Answerer = (story: FrameStory, give: GiveAnswer) => void;

export function answererOf({ answering, framing }: PlainSpec): Answerer {
  switch (answering.kind) {
    case "none":
      return (_story, give) => give(undefined);
    case "echo":
      return ({ frame }, give) => give(frameOf(framing, frame));
    case "text": {
      const text = Buffer.from(answering.text);
      const bytes = answering.isFramed ? frameOf(framing, text) : text;
      return ({ fault }, give) => give(fault === undefined ? bytes : undefined);
    }
    case "json":
      return (story, give) =>
        acknowledge(story, (answer) => give(frameOf(framing, Buffer.from(JSON.stringify(answer)))));
  }
}

function acknowledge(story: FrameStory, give: (answer: object) => void): void {
  const { fault, readings } = story;
  if (fault !== undefined) {
    give({ ok: false, error: fault });
    return;
  }
  story.whenStored((isStored) => {
    if (isStored) give({ ok: true, readings, stored: true });
    else
      give({
        ok: false,
        error: "not stored: it is too late for its device, or the store takes nothing now",
      });
  });
}
