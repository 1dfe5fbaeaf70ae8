// Every bound on plain clients, with its reason. Nobody vouches for them: whatever they send, however
// fast or slowly, the collector's memory and the other devices are safe. What happens at a bound stands
// beside the code that meets it; docs/PLAIN.md lists them.

/** Largest frame unless the input says otherwise (`frame=`): what a datagram can carry, and more than a line ever has. */
export const FRAME_BYTES_DEFAULT = 65_536;

/** The largest that `frame=` takes: a frame is held in memory until it is whole. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** Bytes that all clients of one input may have waiting for the rest of their frames. */
export const INPUT_BYTES_WAITING_MAX = 2 * FRAME_BYTES_MAX;

/** Clients of one input at a time, unless it says otherwise (`clients=`). */
export const CLIENTS_DEFAULT = 256;

/** Of these, clients from one address: one computer cannot take all places. */
export const CLIENTS_PER_ADDRESS_MAX = 64;

/** Answers that a client has not read; beyond it nothing more is read from the client. */
export const ANSWER_BYTES_WAITING_MAX = 262_144;

/** Answers that wait for the disk; beyond it nothing more is read from the client. */
export const ANSWERS_WAITING_MAX = 1_024;

/** Frames of one client that are read in one turn of the event loop: between them come the other clients and devices. */
export const FRAMES_PER_TURN_MAX = 32;

/** Frames that one datagram may hold, for the same reason. */
export const FRAMES_PER_DATAGRAM_MAX = 1_024;

/** Values of one frame, containers counted: what small bytes can stand for by sharing is bounded too. */
export const VALUES_PER_FRAME_MAX = 4_096;

/** How deep values may be nested. */
export const DEPTH_MAX = 16;

/** Devices of one input: a client that picks its own name must not fill the store with names. */
export const DEVICES_PER_INPUT_MAX = 1_000;

/** Rows of a device that wait to be put into batches. */
export const ROWS_WAITING_MAX = 1_024;

/** Values of all plain devices that wait to be put into batches. */
export const VALUES_WAITING_MAX = 200_000;

/** Records of a device that are with the store and not on disk; beyond it readings are dropped, and a gap says so. */
export const RECORDS_WAITING_MAX = 64;

/** Bytes of all files that one input keeps in a run of the collector. */
export const KEPT_FILES_BYTES_MAX = 1024 * 1024 * 1024;

/** A time that a client states may be ahead of ours by so much: one wrong year must not shut out the true times after it. */
export const TIME_AHEAD_MS_MAX = 86_400_000;

/** Entries of a pickle's memo, one for each object that Python remembers. */
export const PICKLE_MEMO_MAX = 65_536;

/** Digits of a pickle's integer: reading longer ones takes more than linear time. */
export const PICKLE_DIGITS_MAX = 1_000;
