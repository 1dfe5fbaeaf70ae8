// What the HTTP side asks of its reading thread, and what comes back. Long documents come as text, so
// that the thread which ingests does not spend its time on making them.

import type {
  DeviceSummary,
  EventRow,
  GapSummary,
  LatestValue,
  ListQuery,
} from "../../store/reader.ts";
import type { LiveValuesDocument } from "../documents.ts";

export interface SeriesAsked {
  readonly device: string;
  /** Names; all that have numbers where there are none. */
  readonly channels: readonly string[];
  /** UTC; what is left open is as far as the readings reach. */
  readonly fromUs?: number | undefined;
  readonly toUs?: number | undefined;
  readonly buckets: number;
}

export interface DownloadAsked {
  readonly device: string;
  readonly channels: readonly string[];
  readonly fromUs?: number | undefined;
  readonly toUs?: number | undefined;
  readonly format: "csv" | "ndjson";
  readonly isWide: boolean;
}

/** Who is followed, and whether all of the new values are wanted or the last ones. */
export interface Followed {
  readonly device: string;
  readonly detail: "latest" | "points";
}

export interface FollowAsked {
  readonly followed: readonly Followed[];
  /** The last values of all others too. */
  readonly isAll: boolean;
}

export interface StoredDevice extends DeviceSummary {
  readonly latest: readonly LatestValue[];
  readonly reset: string | null;
  readonly lastLink: string | null;
}

export interface StoreSize {
  readonly bytes: number;
  readonly devices: number;
  readonly batches: number;
  readonly readings: number;
  readonly lostReadings: number;
}

/** Each question with its arguments and the answer to it. */
export interface Questions {
  readonly devices: { readonly asked: null; readonly answer: StoredDevice[] };
  readonly device: { readonly asked: string; readonly answer: StoredDevice | null };
  readonly gaps: { readonly asked: ListQuery; readonly answer: GapSummary[] };
  readonly events: { readonly asked: ListQuery; readonly answer: EventRow[] };
  readonly size: { readonly asked: null; readonly answer: StoreSize };
  /** JSON of a SeriesDocument. */
  readonly series: { readonly asked: SeriesAsked; readonly answer: string };
  /** A number by which to ask for the pieces. */
  readonly openDownload: { readonly asked: DownloadAsked; readonly answer: number };
  /** Text; null at the end. */
  readonly nextPiece: { readonly asked: number; readonly answer: string | null };
  readonly closeDownload: { readonly asked: number; readonly answer: null };
  readonly follow: { readonly asked: FollowAsked; readonly answer: null };
  readonly poll: { readonly asked: null; readonly answer: LiveValuesDocument[] };
}

export type QuestionKind = keyof Questions;

export interface QuestionMessage<K extends QuestionKind = QuestionKind> {
  readonly ask: number;
  readonly kind: K;
  readonly asked: Questions[K]["asked"];
}

export interface AnswerMessage {
  readonly ask: number;
  readonly answer?: unknown;
  /** Why there is no answer: the request's fault (4xx) or ours. */
  readonly fault?: { readonly status: number; readonly title: string; readonly text: string };
}

/** What the thread is started with. */
export interface ReadingThreadOptions {
  readonly path: string;
}
