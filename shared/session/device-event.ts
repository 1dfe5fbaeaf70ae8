// What a device's session (shared/session/device.ts) tells whoever owns the links. PROTOCOL 7.2.

import type { ByeReason, RefusalCode } from "../errors.ts";
import type { LinkId } from "./link.ts";

export type DeviceEvent =
  /** The host knows us on this link. */
  | { readonly kind: "welcomed"; readonly link: LinkId; readonly collector: string }
  /** Nothing came for too long: close the link. */
  | { readonly kind: "silent"; readonly link: LinkId }
  /** The host turned us away, or broke the protocol: close the link and stay away for a while. */
  | {
      readonly kind: "refused";
      readonly link: LinkId;
      readonly code: RefusalCode;
      readonly detail: string;
    }
  /** The host ended the session on this link: close it. */
  | {
      readonly kind: "bye";
      readonly link: LinkId;
      readonly reason: ByeReason;
      readonly retryAfterMs: number;
    }
  /** Everything before `next` is stored. */
  | { readonly kind: "stored"; readonly next: number };
