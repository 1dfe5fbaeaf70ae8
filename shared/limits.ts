// Every bound of the protocol, with its reason. What happens at a bound stands beside the code that
// meets it; PROTOCOL 9 lists them for other implementations.

/** Version of the protocol; a peer of another version is refused (PROTOCOL 3.1). */
export const PROTOCOL_VERSION = 1;

/** Largest message on any link: what the 4-byte length of a stream frame may announce. */
export const MESSAGE_BYTES_MAX = 65_536;

/** Largest datagram: below the smallest path MTU in use (IPv6: 1,280 with headers), so nothing fragments it. */
export const DATAGRAM_BYTES_MAX = 1_200;

/** Largest message that serial carries: a batch and its header fit, a small receiver's buffer too. */
export const SERIAL_MESSAGE_BYTES_MAX = 2_048;

/** Largest encoded batch: fits a datagram with all headers and a seal. */
export const BATCH_BYTES_MAX = 1_100;

/** Rows of one batch; a decoder sizes its columns by it. Ten minutes at 1 Hz. */
export const BATCH_ROWS_MAX = 4_096;

/** Largest single text, bytes or structured value: it shares a batch with its row. */
export const VALUE_BYTES_MAX = 512;

/** Channels of one device: bounds what one row can take, and what a decoder keeps. */
export const CHANNELS_MAX = 64;

/** Length of names (device, channel, label, unit) in bytes of UTF-8. */
export const NAME_BYTES_MAX = 64;

/** Text for people in hello, welcome and refuse, in bytes of UTF-8: all of them fit one datagram. */
export const TEXT_BYTES_MAX = 256;

/** Labels of one enumeration. */
export const LABELS_MAX = 64;

/** An encoded schema: fits one datagram with its header, so it needs no fragments. */
export const SCHEMA_BYTES_MAX = 1_100;

/** Schemas of one epoch that may be in use at a time, as announced by a hello. */
export const SCHEMAS_PER_HELLO_MAX = 8;

/** Schemas of one epoch in all: a device changes its channels now and then, not without end. */
export const SCHEMAS_PER_EPOCH_MAX = 256;

/** Nesting of CBOR from outside: an XS stack of 512 slots is fatal when it overflows. */
export const CBOR_DEPTH_MAX = 8;

/** Items of one CBOR message from outside. */
export const CBOR_ITEMS_MAX = 1_024;

/** Records (batches, gaps) that a host grants beyond the last one stored. */
export const WINDOW_RECORDS_MAX = 256;

/** Bytes of the selective bitmap in an acknowledgement: one bit for each record of the window. */
export const ACK_BITMAP_BYTES_MAX = WINDOW_RECORDS_MAX / 8;

/** What a command or its result says, encoded: with its head it fits one datagram, sealed too. */
export const COMMAND_BODY_BYTES_MAX = 1_000;

/** Commands that wait for one device on a host: a person or a script, not a stream. */
export const COMMANDS_WAITING_MAX = 16;

/** Longest time for which a host goes on asking for a result: a device keeps it for as long. */
export const COMMAND_WITHIN_MS_MAX = 600_000;

/** Hosts whose last command a device remembers: collectors, and people with a cable. */
export const COMMAND_AUTHORS_MAX = 8;

/** Largest file that is sent over a session: more than a board's flash holds. */
export const BLOB_BYTES_MAX = 67_108_864;

/** Largest piece of a file: fits a datagram with its head, token, checksum and a seal. */
export const CHUNK_BYTES_MAX = 1_024;

/** Bytes of a file that a receiver lets be on their way: bounds what stands in buffers before a reading. */
export const CHUNK_WINDOW_BYTES_MAX = 65_536;

/** Files that are on their way at a time, each way: the others wait for their turn at their sender. */
export const BLOBS_AT_ONCE_MAX = 2;

/** A sequence number is a 32-bit count: at a batch a second, 136 years. */
export const SEQUENCE_MAX = 0xffff_ffff;
