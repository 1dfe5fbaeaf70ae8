// Every bound of the HTTP side, with its reason. What happens at a bound stands beside the code that meets it.

/** Sockets open at a time; the next one is closed at once. A browser opens six and a live stream for each tab. */
export const CONNECTIONS_MAX = 512;

/** Request body: a command with its arguments, and room for JSON. */
export const BODY_BYTES_MAX = 16 * 1024;

/** Request line and headers together; Node answers 431 beyond. */
export const HEADER_BYTES_MAX = 8 * 1024;

/** A whole request must have come within so long, so that slow senders do not keep their sockets. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** A name of 64 bytes (shared/limits.ts), each as %XX, twice over. */
export const PARAMETER_CHARS_MAX = 400;

/** Questions to the reading thread that wait; beyond, the answer is 503: a later one would only be later. */
export const QUERIES_WAITING_MAX = 64;

/** Downloads at a time: each holds a piece of text and a place in the reading thread's turn. */
export const DOWNLOADS_MAX = 8;

/** Text of a download that is made at a time. */
export const DOWNLOAD_PIECE_CHARS = 256 * 1024;

/** More than a chart has pixels. */
export const BUCKETS_MAX = 10_000;

/** Channels of one series: as many as a device may have (shared/limits.ts). */
export const SERIES_CHANNELS_MAX = 64;

/** Gaps or events of one answer. */
export const LIST_COUNT_MAX = 1_000;

/** Live streams at a time. */
export const LIVE_CLIENTS_MAX = 256;

/** Names of devices, or of channels, in one subscription. */
export const SUBSCRIPTION_NAMES_MAX = 256;

/** A message of a live client. */
export const LIVE_MESSAGE_BYTES_MAX = 32 * 1024;

/** Between two ticks of the live stream: people see no faster, and values of one device gather. */
export const TICK_MS = 250;

/** Ticks that a client may come back to: a minute. */
export const RING_TICKS_MAX = 240;

/** Values in those ticks together; older ticks go sooner where there are many. */
export const RING_VALUES_MAX = 200_000;

/** Newest values of one channel in a tick; what is older is in the store. */
export const TICK_VALUES_MAX = 200;

/** Batches of one epoch that a tick decodes; of a device that catches up faster only the newest are. */
export const TICK_BATCHES_MAX = 64;

/** Bytes that may wait in the socket of a live client before it misses ticks. */
export const CLIENT_WAITING_BYTES_MAX = 256 * 1024;

/** A device is followed on for so long after nobody watches it, so that who comes back misses nothing. */
export const FOLLOWED_ON_MS = 60_000;
