// Links as the session sees them: a number, and what kind of path it is. Sockets and ports stay
// outside (device/links, host/links).

/** Identifies one open link on its side; picked by whoever opens links, never used twice in a session's life. */
export type LinkId = number;

export interface LinkTraits {
  /** For people and records: which path it is. */
  readonly kind: "tcp" | "udp" | "serial";
  /** What is sent arrives, in order and once, or the link ends: no retransmission while it lives. */
  readonly isReliable: boolean;
  /** Late messages of an earlier session may still arrive, so each carries the session's token. */
  readonly isDatagram: boolean;
  /** Largest message that the link's framing carries. */
  readonly messageBytesMax: number;
  /** Most bytes that may be on their way to this side at a time; 0 for no limit. Told in the hello. */
  readonly receiveBytesMax: number;
}

/** Why the protocol's token precedes a message on datagram links: PROTOCOL 3.5. */
export const TOKEN_BYTES = 4;

/** No session yet: the token of a hello, and of its refusal. */
export const NO_TOKEN = 0;
