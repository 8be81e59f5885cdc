/** Requests of HTTP/2 of which no HTTP/1.1 upstream may see anything, by what is wrong with them. */
import type { FailureReason } from '../../src/failures/failures.ts';
import { type Fields, getFields, requestFields } from '../support/http2-fields.ts';

export interface RefusedRequest {
  readonly what: string;
  readonly fields: Fields;
  readonly reason: FailureReason;
  readonly status?: number;
  /** Undefined: the head ends the stream. */
  readonly body?: string;
}

export const SMUGGLED = 'GET /volume/smuggled HTTP/1.1\r\nHost: test\r\n\r\n';

const get = (what: string, more: Fields, reason: FailureReason, status = 400): RefusedRequest => {
  return { what, fields: getFields('/volume', more), reason, status };
};
const post = (what: string, more: Fields, reason: FailureReason, body?: string): RefusedRequest => {
  return { what, fields: requestFields('POST', '/volume', more), reason, ...(body !== undefined && { body }) };
};
/** Pseudo-fields alone. */
const pseudo = (
  what: string,
  fields: Fields,
  reason: FailureReason = 'request_pseudo_field',
  status = 400,
): RefusedRequest => {
  return { what, fields, reason, status };
};
const target = (path: string, reason: FailureReason, method = 'GET', status = 400): RefusedRequest => {
  return { what: `:path ${JSON.stringify(path)}`, fields: requestFields(method, path), reason, status };
};
const authority = (host: string): RefusedRequest => {
  const fields = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/volume'],
    [':authority', host],
  ] as const;
  return { what: `:authority ${JSON.stringify(host)}`, fields, reason: 'request_host_malformed' };
};

const M = [':method', 'GET'] as const;
const S = [':scheme', 'http'] as const;
const P = [':path', '/volume'] as const;
const A = [':authority', 'test'] as const;

/** Its bytes as text, one for each. */
function inUtf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const NAMES: readonly RefusedRequest[] = [
  ...['X-Upper', 'x y', 'x\0', 'x\r\ny', 'x:y', '', 'x\x7f', 'x\xe9', '\u017fx', 'x(', 'x,', 'x"', 'x[', 'x{'].map(
    name => get(`the name ${JSON.stringify(name)}`, [[inUtf8(name), '1']], 'request_header_malformed'),
  ),
  // Letters that become ASCII where case is folded by Unicode.
  get('a name with the Kelvin sign', [[inUtf8('\u212aeep-alive'), '1']], 'request_header_malformed'),
  post(
    'a long s in transfer-encoding',
    [[inUtf8('tran\u017ffer-encoding'), 'chunked']],
    'request_header_malformed',
    SMUGGLED,
  ),
];

const VALUES: readonly RefusedRequest[] = [
  'a\0',
  'a\r',
  'a\n',
  'a\r\nx-b: c',
  '\x01',
  '\x7f',
  ' a',
  'a ',
  '\ta',
  'a\t',
].map(value => get(`the value ${JSON.stringify(value)}`, [['x-a', value]], 'request_control_character'));

const CONNECTION: readonly RefusedRequest[] = [
  ...[
    ['connection', 'close'],
    ['connection', 'x-a'],
    ['proxy-connection', 'close'],
    ['keep-alive', 'timeout=5'],
    ['transfer-encoding', 'chunked'],
    ['transfer-encoding', ''],
    ['transfer-encoding', 'chunked\xa0'],
    ['transfer-encoding', inUtf8('chun\u212aed')],
    ['upgrade', 'h2c'],
    ['te', 'gzip'],
    ['te', 'trailers, gzip'],
    ['te', 'Trailers'],
    ['te', ''],
  ].map(([name = '', value = '']) => get(`${name}: ${value}`, [[name, value]], 'request_connection_field')),
  get(
    'te twice',
    [
      ['te', 'trailers'],
      ['te', 'trailers'],
    ],
    'request_connection_field',
  ),
  post('H2.TE', [['transfer-encoding', 'chunked']], 'request_connection_field', `0\r\n\r\n${SMUGGLED}`),
];

const LENGTH: readonly RefusedRequest[] = [
  post(
    'two lengths',
    [
      ['content-length', '2'],
      ['content-length', '2'],
    ],
    'request_content_length_duplicate',
    'ab',
  ),
  ...['2, 2', '+2', '-2', '', '0x2', '2.0', 'two', '9007199254740992', '18446744073709551618', '\xb2'].map(value =>
    post(`the length ${JSON.stringify(value)}`, [['content-length', value]], 'request_content_length_malformed', 'ab'),
  ),
  post('a length and no body', [['content-length', '2']], 'request_length_mismatch'),
  post('H2.CL', [['content-length', '0']], 'request_length_mismatch', SMUGGLED),
];

const PSEUDO: readonly RefusedRequest[] = [
  pseudo('no :method', [S, P, A]),
  pseudo('no :scheme', [M, P, A]),
  pseudo('no :path', [M, S, A]),
  pseudo('an empty :method', [[':method', ''], S, P, A]),
  pseudo('an empty :scheme', [M, [':scheme', ''], P, A]),
  pseudo('an empty :path', [M, S, [':path', ''], A]),
  pseudo('two :method', [M, M, S, P, A]),
  pseudo('two :scheme', [M, S, S, P, A]),
  pseudo('two :path', [M, S, P, P, A]),
  pseudo('two :authority', [M, S, P, A, A]),
  pseudo(':status', [M, S, P, A, [':status', '200']]),
  pseudo('an unknown one', [M, S, P, A, [':unknown', '1']]),
  pseudo('one behind a field', [M, S, P, ['x-a', '1'], A]),
  pseudo('a method with a space', [[':method', 'GET /volume/smuggled HTTP/1.1'], S, P, A]),
  pseudo('a method with a line end', [[':method', 'GET\r\nX: y'], S, P, A], 'request_control_character'),
  pseudo('a method in lower case', [[':method', 'get'], S, P, A]),
  ...['ftp', 'HTTP', 'http://evil/?', 'https ', 'http\t'].map(scheme =>
    pseudo(
      `:scheme ${JSON.stringify(scheme)}`,
      [M, [':scheme', scheme], P, A],
      /[ \t]$/.test(scheme) ? 'request_control_character' : 'request_pseudo_field',
    ),
  ),
  pseudo(':protocol without CONNECT', [M, S, P, A, [':protocol', 'websocket']]),
  pseudo('CONNECT with a path', [[':method', 'CONNECT'], S, P, A]),
  pseudo('CONNECT without :authority', [
    [':method', 'CONNECT'],
    ['host', 'test'],
  ]),
  pseudo('CONNECT', [[':method', 'CONNECT'], A], 'request_method_refused', 405),
  pseudo('TRACE', [[':method', 'TRACE'], S, P, A], 'request_method_refused', 405),
  ...['h2', 'h2c', 'WebSocket'].map(protocol =>
    pseudo(
      `:protocol ${protocol}`,
      [[':method', 'CONNECT'], S, P, A, [':protocol', protocol]],
      'request_protocol_unsupported',
      501,
    ),
  ),
];

const TARGETS: readonly RefusedRequest[] = [
  target('volume', 'request_target_malformed'),
  target('http://test/volume', 'request_target_malformed'),
  target('*', 'request_target_malformed'),
  target('*', 'request_target_malformed', 'OPTIONS'),
  target('/volume /x', 'request_space_in_target'),
  target('/volume HTTP/1.1\r\nX: y', 'request_control_character'),
  target('/volume#x', 'request_target_malformed'),
  // Some servers take it for a slash.
  target('/volume\\..\\..\\x', 'request_target_malformed'),
  target('/volume\\x?y', 'request_target_malformed'),
  target('/volume/\xe9', 'request_target_malformed'),
  target('/volume/%00', 'request_escape_malformed'),
  target('/volume/%zz', 'request_escape_malformed'),
  target('/volume/../..', 'request_path_above_root'),
  target(`/volume/${'x'.repeat(8200)}`, 'request_line_too_long', 'GET', 414),
];

const HOSTS: readonly RefusedRequest[] = [
  ...[
    'u@test',
    'test/x',
    'test?x',
    'test#x',
    'test\\x',
    'a b',
    'a,b',
    'test:x',
    'test:65536',
    '',
    '[::1',
    '..',
    'caf\xe9',
  ].map(authority),
  { ...authority('test\x01'), reason: 'request_control_character' },
  { ...authority('test\r\nX: y'), reason: 'request_control_character' },
  pseudo('no host at all', [M, S, P], 'request_host_missing'),
  pseudo(':authority and another host', [M, S, P, A, ['host', 'other']], 'request_host_duplicate'),
  pseudo(':authority and a host with another port', [M, S, P, A, ['host', 'test:443']], 'request_host_duplicate'),
  pseudo('two hosts', [M, S, P, ['host', 'test'], ['host', 'test']], 'request_host_duplicate'),
  pseudo('an empty host', [M, S, P, ['host', '']], 'request_host_malformed'),
];

const LIMITS: readonly RefusedRequest[] = [
  get('a field of 9 KiB', [['x-a', 'x'.repeat(9 * 1024)]], 'request_header_too_large', 431),
  get(
    'a head of 32 KiB, with 32 bytes more for each field',
    [1, 2, 3, 4].map(n => [`x-${n}`, 'x'.repeat(8_115)] as const),
    'request_header_too_large',
    431,
  ),
  get(
    '200 fields',
    Array.from({ length: 200 }, (_, n) => [`x-${n}`, ''] as const),
    'request_too_many_headers',
    431,
  ),
  get(
    '200 crumbs',
    Array.from({ length: 200 }, () => ['cookie', 'a'] as const),
    'request_too_many_headers',
    431,
  ),
];

/** By area. */
export const REFUSED_REQUESTS: Readonly<Record<string, readonly RefusedRequest[]>> = {
  names: NAMES,
  values: VALUES,
  'fields of the connection': CONNECTION,
  lengths: LENGTH,
  'pseudo-fields': PSEUDO,
  targets: TARGETS,
  hosts: HOSTS,
  limits: LIMITS,
};
