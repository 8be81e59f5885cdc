import type { FailureReason } from '../../src/failures/failures.ts';
import type { Settings } from '../../src/settings/schema.ts';

/** Stands wherever a client may keep a secret, and must be in no example. */
export const SECRET = 'xsecretx';

/** A request that is refused as it stands. */
export interface RequestCase {
  readonly what: string;
  readonly reason: FailureReason;
  readonly status: number;
  readonly bytes: string;
  /** What the example says of it; empty where the reason says it all. */
  readonly detail: RegExp;
  /** What the engine node says instead, where it is coarser. */
  readonly onNode?: FailureReason;
  readonly settings?: Partial<Settings>;
}

const LINE = `GET /volume/x?token=${SECRET} HTTP/1.1\r\n`;
const SECRETS = `Authorization: Basic ${SECRET}\r\nCookie: sid=${SECRET}\r\n`;
const HOST = 'Host: test\r\n';

/** A head whose request line and Host are good. */
function lines(text: string): string {
  return `${LINE}${HOST}${SECRETS}${text}\r\n`;
}

function row(
  what: string,
  reason: FailureReason,
  bytes: string,
  detail: RegExp,
  more: Partial<Pick<RequestCase, 'status' | 'onNode' | 'settings'>> = {},
): RequestCase {
  return { what, reason, status: 400, bytes, detail, ...more };
}

const NONE = /^$/;
const COARSE = { onNode: 'request_malformed' } as const;

export const REQUEST_CASES: readonly RequestCase[] = [
  row('a TLS handshake', 'request_tls_on_plain_port', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', /^byte 0 \(0x16\)$/),
  row('no version', 'request_line_malformed', `GET /volume?${SECRET}\r\n\r\n`, /^byte \d+ \(0x0d\)$/, {
    onNode: 'request_http_version_malformed',
  }),
  row('a method in lower case', 'request_line_malformed', `get / HTTP/1.1\r\n${HOST}\r\n`, /^byte 0 \(0x67\)$/, COARSE),
  row(
    'a request line of 9 KiB',
    'request_line_too_long',
    `GET /${'a'.repeat(9_000)} HTTP/1.1\r\n${HOST}\r\n`,
    /^(?:byte \d+.*)?$/,
    {
      status: 414,
    },
  ),
  row(
    'a space in the target',
    'request_space_in_target',
    `GET /a ${SECRET} HTTP/1.1\r\n${HOST}\r\n`,
    /^byte 7 /,
    COARSE,
  ),
  row(
    'a long word for a version',
    'request_space_in_target',
    `GET /a ${SECRET.repeat(9)}\r\n${HOST}\r\n`,
    /^byte \d+ /,
    COARSE,
  ),
  row('HTTP/1.11', 'request_http_version_malformed', `GET / HTTP/1.11\r\n${HOST}\r\n`, /^byte 6 /, COARSE),
  row('HTTP/0.9', 'request_http_version_malformed', `GET / HTTP/0.9\r\n${HOST}\r\n`, /^byte 6 /, {
    onNode: 'request_http_version_malformed',
  }),
  row('HTTP/2.0', 'request_http_version_unsupported', `GET / HTTP/2.0\r\n${HOST}\r\n`, /^byte 6 /, { status: 505 }),
  row(
    'a bare LF behind the request line',
    'request_bad_line_end',
    `GET / HTTP/1.1\n${HOST}\r\n`,
    /^byte 14 \(0x0a\)$/,
    COARSE,
  ),
  row(
    'a bare LF in a header',
    'request_bad_line_end',
    lines('X-Name: a\nX-B: b\r\n'),
    /^byte \d+ \(0x0a\), header X-Name$/,
    COARSE,
  ),
  row(
    'a bare CR in a header',
    'request_bad_line_end',
    lines('X-Name: a\rb\r\n'),
    /^byte \d+ \(0x0d\), header X-Name$/,
    COARSE,
  ),
  row(
    'a control character in a value',
    'request_control_character',
    lines(`X-Name: ${SECRET}\x01\r\n`),
    /^byte \d+ \(0x01\), header X-Name$/,
    COARSE,
  ),
  row(
    'a control character in the target',
    'request_control_character',
    `GET /a\x01 HTTP/1.1\r\n${HOST}\r\n`,
    /^byte 6 \(0x01\)$/,
    COARSE,
  ),
  row(
    'a space before the colon',
    'request_space_before_colon',
    lines(`X-Name : ${SECRET}\r\n`),
    /^byte \d+ \(0x20\), header X-Name$/,
    COARSE,
  ),
  row('a folded line', 'request_folded_line', lines(`X-Name: a\r\n ${SECRET}\r\n`), /^byte \d+ \(0x20\)$/, COARSE),
  row('a line without a colon', 'request_header_malformed', lines(`${SECRET}\r\n`), /^byte \d+ \(0x0d\)$/, COARSE),
  row(
    'a name that is no token',
    'request_header_malformed',
    lines(`X(a): ${SECRET}\r\n`),
    /^byte \d+ \(0x28\)$/,
    COARSE,
  ),
  row(
    'a line of 9 KiB',
    'request_header_too_large',
    lines(`X-Name: ${'a'.repeat(9_000)}\r\n`),
    /^(?:byte \d+.*, header X-Name)?$/,
    {
      status: 431,
    },
  ),
  row(
    '1001 lines',
    'request_too_many_headers',
    `${LINE}${HOST}${'A: b\r\n'.repeat(1000)}\r\n`,
    /^(?:byte \d+ \(0x41\), header A)?$/,
    {
      status: 431,
    },
  ),
  row('no Host', 'request_host_missing', `${LINE}${SECRETS}\r\n`, NONE),
  row('two Hosts', 'request_host_duplicate', `${LINE}${HOST}Host: ${SECRET}\r\n\r\n`, /header Host$/),
  row('an empty Host', 'request_host_malformed', `${LINE}Host:\r\n\r\n`, NONE),
  row('a Host with user information', 'request_host_malformed', `${LINE}Host: u:${SECRET}@test\r\n\r\n`, NONE),
  row(
    'a hexadecimal length',
    'request_content_length_malformed',
    lines('Content-Length: 0x2\r\n'),
    /^byte \d+ \(0x43\), header Content-Length$/,
    COARSE,
  ),
  row(
    'two lengths',
    'request_content_length_duplicate',
    lines('Content-Length: 2\r\nContent-Length: 2\r\n'),
    /header Content-Length$/,
    COARSE,
  ),
  row(
    'length and chunked',
    'request_length_and_chunked',
    lines('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'),
    NONE,
    COARSE,
  ),
  row(
    'chunked twice',
    'request_transfer_encoding_duplicate',
    lines('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
    /header Transfer-Encoding$/,
    COARSE,
  ),
  row(
    'chunked in HTTP/1.0',
    'request_transfer_encoding_in_http_1_0',
    `POST /volume HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    NONE,
  ),
  row('gzip', 'request_transfer_encoding_unsupported', lines('Transfer-Encoding: gzip\r\n'), NONE, { status: 501 }),
  row(
    'a bad chunk',
    'request_chunk_malformed',
    `POST /volume HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nx\r\n${SECRET}`,
    NONE,
  ),
  row('CONNECT', 'request_method_refused', `CONNECT test:80 HTTP/1.1\r\n${HOST}\r\n`, NONE, { status: 405 }),
  row('TRACE', 'request_method_refused', `TRACE /volume HTTP/1.1\r\n${HOST}\r\n`, NONE, { status: 405 }),
  row('an asterisk', 'request_target_malformed', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, NONE),
  row(
    'credentials in the target',
    'request_target_malformed',
    `GET http://u:${SECRET}@test/x HTTP/1.1\r\n${HOST}\r\n`,
    NONE,
  ),
  row('a path above the root', 'request_path_above_root', `GET /volume/../../${SECRET} HTTP/1.1\r\n${HOST}\r\n`, NONE),
  row('a bad escape', 'request_escape_malformed', `GET /volume/${SECRET}%zz HTTP/1.1\r\n${HOST}\r\n`, NONE),
  row('an escaped NUL', 'request_escape_malformed', `GET /volume/%00 HTTP/1.1\r\n${HOST}\r\n`, NONE),
  row('a length over the limit', 'request_body_too_large', lines('Content-Length: 11\r\n'), NONE, {
    status: 413,
    settings: { clientMaxBodySize: 10 },
  }),
  row('no route', 'no_route', `GET /nowhere?${SECRET} HTTP/1.1\r\n${HOST}${SECRETS}\r\n`, NONE, { status: 404 }),
];
