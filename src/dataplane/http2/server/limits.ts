/** How much a client of HTTP/2 may ask of one connection. Envoy's advice for the edge, and nginx's. */

export const MAX_STREAMS = 100;
/** New streams in one read beyond this are refused, however fast they end again: nginx's answer to rapid resets (CVE-2023-44487). */
export const MAX_STREAMS_PER_READ = 2 * MAX_STREAMS;
export const STREAM_WINDOW = 64 * 1024;
export const CONNECTION_WINDOW = 1024 * 1024;
/** Decoded, with 32 bytes more for each field: crumbs of cookies count, too. */
export const MAX_HEAD_BYTES = 32 * 1024;
export const MAX_HEAD_FIELDS = 200;
/** What the client's encoder may refer to. */
export const HEADER_TABLE_BYTES = 4096;
