// What the host's end (shared/session/host-endpoint.ts) asks of those around it, who own the links
// and the store. PROTOCOL 7.

import type { Hello, ProgressMessage, ResultMessage, SchemaMessage } from "../message/message.ts";
import type { ClockSample } from "./host-link.ts";
import type { HostRecord, HostSession } from "./host-session.ts";
import type { LinkId } from "./link.ts";

/** What the store says of a device's epoch. */
export interface Resumed {
  /** The store's own number for the epoch; it comes back on the session. */
  readonly epochId: number;
  /** All records before this one are stored. */
  readonly next: number;
  /** Numbers of the epoch's schemas that the store knows, those of the hello included where it knows them by hash. */
  readonly schemas: readonly number[];
}

export type HostEvent =
  /** Look the device's epoch up (or begin it), then call `handleResumed`, or `handleResumeFailed`, with the same hello. */
  | { readonly kind: "resume"; readonly hello: Hello }
  /** A device is to be welcomed on a link, by this hello. */
  | {
      readonly kind: "welcomed";
      readonly link: LinkId;
      readonly session: HostSession;
      readonly hello: Hello;
    }
  /** Keep a schema, which can be decoded, before the records that follow. */
  | { readonly kind: "schema"; readonly session: HostSession; readonly schema: SchemaMessage }
  /** Store the next record of the session; once it is on disk, call `handleStored`. */
  | {
      readonly kind: "record";
      readonly link: LinkId;
      readonly session: HostSession;
      readonly record: HostRecord;
    }
  /** The device's clock was measured. */
  | { readonly kind: "clock"; readonly session: HostSession; readonly sample: ClockSample }
  /** The device answered a command. */
  | {
      readonly kind: "answer";
      readonly session: HostSession;
      readonly message: ResultMessage | ProgressMessage;
    }
  /** Close the link, once what is to be sent on it has been. */
  | { readonly kind: "close"; readonly link: LinkId; readonly why: string };
