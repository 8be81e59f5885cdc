/** How large a head may be, in both engines: nginx's large_client_header_buffers 4 8k and max_headers. */
export const MAX_LINE_BYTES = 8 * 1024;
export const MAX_HEAD_BYTES = 32 * 1024;
export const MAX_LINES = 1000;
/** Each interim response begins proxy-read-timeout anew: without a bound a request might never end. */
export const MAX_INTERIMS = 100;
