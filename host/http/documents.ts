// What the API says, as types: the routes make these documents and the dashboard reads them. Times are
// ISO 8601 in UTC; where programs calculate with them they are also there as microseconds since 1970.

import type { JsonValue } from "../store/value.ts";

export interface ChannelDocument {
  readonly name: string;
  /** SenML unit symbol; "" for none. */
  readonly unit: string;
  readonly kind: string;
  readonly resolution: number | null;
}

export interface LatestDocument {
  readonly channel: string;
  readonly unit: string;
  readonly value: JsonValue;
  /** Null where the device's clock was never measured. */
  readonly time: string | null;
  readonly timeUs: number | null;
  readonly uncertaintyUs: number | null;
  readonly uptimeMs: number;
}

/** What is true of a device just now; the live stream sends it anew when it changes. */
export interface DeviceStateDocument {
  readonly name: string;
  /** "here" while a link is open, "away" otherwise. */
  readonly state: "here" | "away";
  /** Kinds of the links that are open. */
  readonly links: readonly string[];
  /** Records of its present epoch are stored before this number; null where it has none. */
  readonly next: number | null;
  /** Records that it is known to have and that are not stored. */
  readonly waiting: number;
  readonly readingsPerSecond: number;
}

export interface DeviceDocument extends DeviceStateDocument {
  readonly firmware: string;
  /** Why it last started; null where it has no epoch. */
  readonly reset: string | null;
  readonly epoch: string | null;
  readonly epochs: number;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  readonly lastSeenUs: number;
  /** Time of the newest reading. */
  readonly storedUpTo: string | null;
  readonly storedUpToUs: number | null;
  readonly batches: number;
  readonly readings: number;
  /** Readings that it had to drop. */
  readonly lostReadings: number;
  /** The link by which the newest record came; null where there is none. */
  readonly lastLink: string | null;
  /** What its channel of signal strength said last, if it has one. */
  readonly signal: {
    readonly channel: string;
    readonly value: number;
    readonly unit: string;
  } | null;
  readonly channels: readonly ChannelDocument[];
  readonly latest: readonly LatestDocument[];
}

/** Values in equal parts of a time. Null stands where a bucket has none. */
export interface SeriesDocument {
  readonly device: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly fromUs: number;
  readonly toUs: number;
  readonly buckets: number;
  readonly channels: readonly SeriesChannelDocument[];
  /** By bucket: how far its times may be off at worst. */
  readonly uncertaintyUs: readonly (number | null)[];
  readonly gaps: readonly SeriesGapDocument[];
}

export interface SeriesChannelDocument extends ChannelDocument {
  readonly count: readonly number[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  readonly mean: readonly (number | null)[];
  readonly last: readonly (number | null)[];
}

export interface SeriesGapDocument {
  readonly from: string | null;
  readonly to: string | null;
  readonly fromUs: number;
  readonly toUs: number;
  readonly readings: number;
}

export interface GapDocument {
  readonly device: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly records: number;
  readonly readings: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly fromUs: number | null;
  readonly toUs: number | null;
  readonly reason: string;
}

export interface EventDocument {
  readonly at: string | null;
  readonly atUs: number;
  readonly device: string | null;
  /** One word for programs. */
  readonly kind: string;
  readonly text: string;
}

export interface StatusDocument {
  /** Name and version. */
  readonly collector: string;
  readonly startedAt: string | null;
  readonly uptimeSeconds: number;
  readonly store: {
    /** Its whole path. */
    readonly file: string;
    /** The database and its log. */
    readonly bytes: number;
    readonly bytesPerReading: number | null;
    readonly devices: number;
    readonly batches: number;
    readonly readings: number;
    readonly lostReadings: number;
    /** Operations handed in and not yet on disk. */
    readonly waiting: number;
    /** Why nothing is stored just now; null while all is well. */
    readonly trouble: string | null;
  };
  readonly devicesHere: number;
  readonly readingsPerSecond: number;
  /** Since the collector started. */
  readonly counters: Readonly<Record<string, number>>;
  readonly live: {
    readonly clients: number;
    /** Ticks that slow clients were not sent. */
    readonly skippedTicks: number;
  };
  readonly memoryBytes: number;
}

/** New values of one channel, in order of time. */
export interface LiveChannelDocument {
  readonly timesUs: readonly (number | null)[];
  readonly values: readonly JsonValue[];
}

export interface LiveValuesDocument {
  readonly device: string;
  readonly uncertaintyUs: number | null;
  readonly channels: Readonly<Record<string, LiveChannelDocument>>;
}

export interface TickDocument {
  readonly type: "tick";
  readonly sequence: number;
  readonly timeUs: number;
  /** Ticks that this client was not sent before this one, because it was too slow. */
  readonly skipped: number;
  readonly values: readonly LiveValuesDocument[];
  readonly states: readonly DeviceStateDocument[];
  readonly events: readonly EventDocument[];
}

export type LiveMessage =
  | {
      readonly type: "welcome";
      /** Another one each time the collector starts. */
      readonly stream: string;
      readonly sequence: number;
    }
  | {
      readonly type: "subscribed";
      /** False where ticks that the client missed are gone: the store has what they said. */
      readonly isComplete: boolean;
    }
  | TickDocument
  | { readonly type: "problem"; readonly detail: string };

export interface SubscribeMessage {
  readonly type: "subscribe";
  readonly devices: readonly string[] | "all";
  /** Names; all unless told. */
  readonly channels?: readonly string[];
  /** "latest": the last value of each channel and tick; "points": all of them. */
  readonly detail: "latest" | "points";
  /** Where the client was before it lost the connection. */
  readonly resume?: { readonly stream: string; readonly sequence: number };
  /** So many ticks may be on their way unacknowledged; without it, as many as the socket takes. */
  readonly window?: number;
}
