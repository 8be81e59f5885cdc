import type { FailureReason } from '../../src/failures/failures.ts';

/** A response that is not passed on, or not to its end. */
export interface ResponseCase {
  readonly what: string;
  readonly reason: FailureReason;
  /** As in the access log: of the answer made here, or the upstream's own when it is cut. */
  readonly status: number;
  readonly bytes: string;
  readonly detail: RegExp;
  /** What the engine node says instead, where it is coarser. */
  readonly onNode?: FailureReason;
  /** Why the engine node does not fail it. */
  readonly notOnNode?: string;
}

const NONE = /^$/;
const NO_LIMIT = { notOnNode: 'llhttp has one limit for all of a head' } as const;
const COARSE = { onNode: 'response_malformed' } as const;

function row(
  what: string,
  reason: FailureReason,
  bytes: string,
  detail: RegExp,
  more: Partial<Pick<ResponseCase, 'status' | 'onNode' | 'notOnNode'>> = {},
): ResponseCase {
  return { what, reason, status: 502, bytes, detail, ...more };
}

/** A head whose status line is good. */
function lines(text: string): string {
  return `HTTP/1.1 200 OK\r\n${text}\r\n`;
}

export const RESPONSE_CASES: readonly ResponseCase[] = [
  row('another protocol', 'response_status_line_malformed', 'ICY 200 OK\r\n\r\n', NONE, COARSE),
  row('a status of two digits', 'response_status_line_malformed', 'HTTP/1.1 20 OK\r\n\r\n', NONE, COARSE),
  row(
    'a bare LF',
    'response_bad_line_end',
    lines('X-Name: a\nX-B: b\r\n'),
    /^byte \d+ \(0x0a\), header X-Name$/,
    COARSE,
  ),
  row(
    'a control character in the reason',
    'response_control_character',
    'HTTP/1.1 200 O\x01K\r\n\r\n',
    /^byte 14 \(0x01\)$/,
  ),
  row(
    'a control character in a value',
    'response_control_character',
    lines('X-Name: a\x01\r\n'),
    /^byte \d+ \(0x01\), header X-Name$/,
    COARSE,
  ),
  row(
    'a space before the colon',
    'response_space_before_colon',
    lines('X-Name : a\r\n'),
    /^byte \d+ \(0x20\), header X-Name$/,
    COARSE,
  ),
  row('a folded line', 'response_folded_line', lines('X-Name: a\r\n b\r\n'), /^byte \d+ \(0x20\)$/, COARSE),
  row('a line without a colon', 'response_header_malformed', lines('X-Name\r\n'), /^byte \d+ \(0x0d\)$/, COARSE),
  row(
    'a line of 9 KiB',
    'response_header_too_large',
    lines(`X-Name: ${'a'.repeat(9_000)}\r\n`),
    /header X-Name$/,
    NO_LIMIT,
  ),
  row(
    'a head of 33 KiB',
    'response_header_too_large',
    lines(`X-Name: ${'a'.repeat(1_000)}\r\n`.repeat(33)),
    /header X-Name$/,
  ),
  row(
    '1001 lines',
    'response_too_many_headers',
    lines('A: b\r\n'.repeat(1_001)),
    /^byte \d+ \(0x41\), header A$/,
    NO_LIMIT,
  ),
  row(
    'a hexadecimal length',
    'response_content_length_malformed',
    lines('Content-Length: 0x2\r\n'),
    /header Content-Length$/,
    COARSE,
  ),
  row(
    'two lengths',
    'response_content_length_duplicate',
    lines('Content-Length: 2\r\nContent-Length: 3\r\n'),
    /header Content-Length$/,
    COARSE,
  ),
  row(
    'length and chunked',
    'response_length_and_chunked',
    lines('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'),
    NONE,
    COARSE,
  ),
  row(
    'chunked twice',
    'response_transfer_encoding_duplicate',
    lines('Transfer-Encoding: chunked\r\n'.repeat(2)),
    /header Transfer-Encoding$/,
  ),
  row(
    'chunked in HTTP/1.0',
    'response_transfer_encoding_in_http_1_0',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    NONE,
  ),
  row('gzip', 'response_transfer_encoding_unsupported', lines('Transfer-Encoding: gzip\r\n'), NONE),
  row(
    'an unasked 101',
    'response_unasked_switch',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    NONE,
  ),
  row('101 interim responses', 'response_too_many_interim', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(101), NONE),
  row(
    'a bad chunk',
    'response_chunk_malformed',
    `${lines('Transfer-Encoding: chunked\r\n')}3\r\nabc\r\nx\r\n`,
    /^(?:HPE_\w+)?$/,
    {
      status: 200,
    },
  ),
];
