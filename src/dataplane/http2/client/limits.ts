/** How much an upstream may send before it is read. */
export const STREAM_WINDOW = 64 * 1024;
/** Its bytes are passed on at once, or wait in one of the streams' windows: this one never holds a stream up. */
export const CONNECTION_WINDOW = 4 * 1024 * 1024;
/** Decoded, with 32 bytes more for each field. */
export const MAX_HEAD_BYTES = 32 * 1024;
export const MAX_HEAD_FIELDS = 200;
/** What the upstream's encoder may refer to. */
export const HEADER_TABLE_BYTES = 4096;
/** 1xx responses to one request. */
export const MAX_INTERIMS = 100;
/** Frames in a row that bring no request and no response further. */
export const MAX_IDLE_FRAMES = 1_000;
/** How often it is seen whether anything comes while requests are under way. */
export const LOOK_EVERY_MS = 10_000;
/** Servers of gRPC end connections with more PINGs than one in 5 minutes while they send nothing. */
export const PING_EVERY_MS = 5 * 60_000;
