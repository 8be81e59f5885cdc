/**
 * The cases of h2spec 2.6 for servers (RFC 7540 and 7541), each as the bytes that a client sends behind its preface. Left out are the
 * two that RFC 9113 made obsolete: a HEADERS and a PRIORITY frame that depend on their own stream (RFC 7540 section 5.3.1).
 */
import { headersFrame } from '../support/http2-client.ts';
import { type Fields, getFields, integer, literals, requestFields, string } from '../support/http2-fields.ts';
import { frame, settings, uint32 } from '../support/http2-frames.ts';

/** An error of the connection, or of the stream where that is allowed, with one of these codes; or the request is answered. */
export type Expected =
  | 'answer'
  | 'pong'
  | { readonly connection: readonly number[] }
  | { readonly stream: readonly number[] };

export interface H2SpecCase {
  readonly section: string;
  readonly what: string;
  readonly bytes: readonly Buffer[];
  readonly expected: Expected;
}

const [PROTOCOL, FLOW, CLOSED, SIZE, COMPRESSION] = [1, 3, 5, 6, 9];
const [DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];

const GET = getFields('/volume');
const POST = requestFields('POST', '/volume');
const block = literals(GET);
const get = headersFrame(1, GET, true);
const open = headersFrame(1, POST);
const ping = (at = 0): Buffer => frame(PING, 0, 0, Buffer.alloc(8, `ping${at}`));
const connection = (...codes: number[]): Expected => ({ connection: codes });
const stream = (...codes: number[]): Expected => ({ stream: codes });

function row(section: string, what: string, expected: Expected, ...bytes: readonly Buffer[]): H2SpecCase {
  return { section, what, expected, bytes };
}

/** A request with other fields. */
function request(section: string, what: string, fields: Fields, expected: Expected = stream(PROTOCOL)): H2SpecCase {
  return row(section, what, expected, headersFrame(1, fields, true));
}

/** A request whose header block has these bytes behind its pseudo-fields. */
function hpack(section: string, what: string, bytes: Buffer): H2SpecCase {
  return row(section, what, connection(COMPRESSION), frame(HEADERS, 5, 1, Buffer.concat([block, bytes])));
}

const without = (name: string): Fields => GET.filter(([each]) => each !== name);
const [M, S, P, A] = GET as [Fields[0], Fields[0], Fields[0], Fields[0]];

export const H2SPEC_CASES: readonly H2SpecCase[] = [
  // Generic: what every server must take.
  row('generic/1', 'a preface, and nothing more', 'pong', ping()),
  row(
    'generic/2',
    'PRIORITY for an idle stream',
    'answer',
    frame(PRIORITY, 0, 3, Buffer.concat([uint32(0), Buffer.from([255])])),
    get,
  ),
  row(
    'generic/2',
    'WINDOW_UPDATE and RST_STREAM for a half-closed stream',
    'pong',
    get,
    frame(WINDOW, 0, 1, uint32(100)),
    frame(RST, 0, 1, uint32(8)),
    ping(),
  ),
  row(
    'generic/2',
    'PRIORITY for a closed stream',
    'answer',
    get,
    frame(PRIORITY, 0, 1, Buffer.concat([uint32(0), Buffer.from([255])])),
  ),
  row('generic/3.1', 'DATA', 'answer', open, frame(DATA, 1, 1, 'test')),
  row('generic/3.1', 'several DATA', 'answer', open, frame(DATA, 0, 1, 'test'), frame(DATA, 1, 1, 'test')),
  row('generic/3.1', 'DATA with padding', 'answer', open, frame(DATA, 9, 1, '\x06test000000')),
  row('generic/3.2', 'HEADERS', 'answer', get),
  row(
    'generic/3.2',
    'HEADERS with padding',
    'answer',
    frame(HEADERS, 13, 1, Buffer.concat([Buffer.from([6]), block, Buffer.alloc(6)])),
  ),
  row(
    'generic/3.2',
    'HEADERS with a priority',
    'answer',
    frame(HEADERS, 37, 1, Buffer.concat([uint32(0), Buffer.from([255]), block])),
  ),
  row('generic/3.3', 'PRIORITY with priority 1', 'answer', frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 0, 0])), get),
  row(
    'generic/3.3',
    'PRIORITY that is exclusive',
    'answer',
    frame(PRIORITY, 0, 1, Buffer.from([128, 0, 0, 0, 15])),
    get,
  ),
  row(
    'generic/3.3',
    'PRIORITY for a lower stream',
    'answer',
    frame(PRIORITY, 0, 5, Buffer.from([0, 0, 0, 1, 15])),
    get,
  ),
  row('generic/3.4', 'RST_STREAM', 'pong', get, frame(RST, 0, 1, uint32(8)), ping()),
  row('generic/3.5', 'SETTINGS', 'pong', frame(SETTINGS, 0, 0, settings([3, 100])), ping()),
  row('generic/3.7', 'PING', 'pong', ping()),
  row('generic/3.8', 'GOAWAY', connection(0), frame(GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0)]))),
  row(
    'generic/3.9',
    'WINDOW_UPDATE for the connection and for a stream',
    'answer',
    open,
    frame(WINDOW, 0, 0, uint32(1)),
    frame(WINDOW, 0, 1, uint32(1)),
    frame(DATA, 1, 1),
  ),
  row('generic/3.10', 'CONTINUATION', 'answer', frame(HEADERS, 1, 1, block), frame(CONTINUATION, 4, 1)),
  row(
    'generic/3.10',
    'several CONTINUATION',
    'answer',
    frame(HEADERS, 1, 1, block),
    frame(CONTINUATION, 0, 1),
    frame(CONTINUATION, 4, 1),
  ),
  ...['GET', 'HEAD', 'POST', 'OPTIONS'].map(method =>
    request('generic/4', method, requestFields(method, '/volume'), 'answer'),
  ),
  row(
    'generic/4',
    'POST with trailers',
    'answer',
    open,
    frame(DATA, 0, 1, 'test'),
    frame(HEADERS, 5, 1, literals([['x-test', 'ok']])),
  ),
  ...[
    ['an indexed field', Buffer.from([0x80 | 16])],
    ['a literal that is indexed, with an indexed name', Buffer.concat([integer(58, 6, 0x40), string('test')])],
    [
      'a literal that is indexed, with a new name',
      Buffer.concat([Buffer.from([0x40]), string('x-test'), string('ok')]),
    ],
    ['a literal that is not indexed, with an indexed name', Buffer.concat([integer(58, 4), string('test')])],
    [
      'a literal that is not indexed, with a new name',
      Buffer.concat([Buffer.from([0]), string('x-test'), string('ok')]),
    ],
    ['a literal that is never indexed, with an indexed name', Buffer.concat([integer(58, 4, 0x10), string('test')])],
    [
      'a literal that is never indexed, with a new name',
      Buffer.concat([Buffer.from([0x10]), string('x-test'), string('ok')]),
    ],
    ['a Huffman-coded value', Buffer.concat([integer(58, 4), Buffer.from([0x83, 0x49, 0x50, 0x9f])])],
    [
      'a field of the dynamic table',
      Buffer.concat([Buffer.from([0x40]), string('x-test'), string('ok'), Buffer.from([0x80 | 62])]),
    ],
  ].map(([what, bytes]) =>
    row('generic/5', `${what}`, 'answer', frame(HEADERS, 5, 1, Buffer.concat([block, bytes as Buffer]))),
  ),
  row(
    'generic/5',
    'a new size of the table',
    'answer',
    frame(HEADERS, 5, 1, Buffer.concat([integer(128, 5, 0x20), block])),
  ),
  row(
    'generic/5',
    'two new sizes of the table',
    'answer',
    frame(HEADERS, 5, 1, Buffer.concat([integer(0, 5, 0x20), integer(4096, 5, 0x20), block])),
  ),

  // RFC 7540.
  row('3.5', 'a client preface', 'pong', ping()),
  row('4.1', 'a frame of an unknown type', 'pong', frame(22, 0, 0, Buffer.alloc(8)), ping()),
  row('4.1', 'a frame with an undefined flag', 'pong', frame(PING, 22, 0, Buffer.alloc(8, 'ping0'))),
  row('4.1', 'a frame with the reserved bit', 'pong', frame(PING, 0, 0x8000_0000, Buffer.alloc(8, 'ping0'))),
  row('4.2', 'DATA of 2^14 bytes', 'answer', open, frame(DATA, 1, 1, Buffer.alloc(16_384))),
  row('4.2', 'DATA beyond SETTINGS_MAX_FRAME_SIZE', stream(SIZE), open, frame(DATA, 1, 1, Buffer.alloc(16_385))),
  row('4.2', 'HEADERS beyond SETTINGS_MAX_FRAME_SIZE', connection(SIZE), frame(HEADERS, 5, 1, Buffer.alloc(16_385))),
  hpack('4.3', 'a header block that cannot be decoded', Buffer.from([0x40, 0x7f])),
  row(
    '4.3',
    'PRIORITY within a header block',
    connection(PROTOCOL),
    frame(HEADERS, 1, 1, block),
    frame(PRIORITY, 0, 1, Buffer.alloc(5)),
    frame(CONTINUATION, 4, 1),
  ),
  row(
    '4.3',
    'HEADERS of another stream within a header block',
    connection(PROTOCOL),
    frame(HEADERS, 1, 1, block),
    frame(HEADERS, 5, 3, block),
  ),
  row('5.1', 'idle: DATA', connection(PROTOCOL), frame(DATA, 1, 1, 'test')),
  row('5.1', 'idle: RST_STREAM', connection(PROTOCOL), frame(RST, 0, 1, uint32(8))),
  row('5.1', 'idle: WINDOW_UPDATE', connection(PROTOCOL), frame(WINDOW, 0, 1, uint32(100))),
  row('5.1', 'idle: CONTINUATION', connection(PROTOCOL), frame(CONTINUATION, 4, 1, block)),
  row('5.1', 'half closed (remote): DATA', stream(CLOSED), get, frame(DATA, 1, 1, 'test')),
  row('5.1', 'half closed (remote): HEADERS', stream(CLOSED), get, get),
  row('5.1', 'half closed (remote): CONTINUATION', stream(CLOSED, PROTOCOL), get, frame(CONTINUATION, 4, 1, block)),
  row(
    '5.1',
    'closed: DATA behind RST_STREAM',
    stream(CLOSED),
    open,
    frame(RST, 0, 1, uint32(8)),
    frame(DATA, 1, 1, 'test'),
  ),
  row('5.1', 'closed: HEADERS behind RST_STREAM', stream(CLOSED), open, frame(RST, 0, 1, uint32(8)), get),
  row(
    '5.1',
    'closed: CONTINUATION behind RST_STREAM',
    stream(CLOSED, PROTOCOL),
    open,
    frame(RST, 0, 1, uint32(8)),
    frame(CONTINUATION, 4, 1, block),
  ),
  row('5.1.1', 'an even stream identifier', connection(PROTOCOL), headersFrame(2, GET, true)),
  row(
    '5.1.1',
    'a stream identifier below the last one',
    connection(PROTOCOL),
    headersFrame(5, GET, true),
    headersFrame(3, GET, true),
  ),
  row('5.4.1', 'an invalid PING', connection(PROTOCOL), frame(PING, 0, 3, Buffer.alloc(8))),
  row('5.5', 'an unknown extension frame', 'pong', frame(22, 0, 0, Buffer.alloc(8)), ping()),
  row(
    '5.5',
    'an unknown extension frame within a header block',
    connection(PROTOCOL),
    frame(HEADERS, 1, 1, block),
    frame(22, 0, 0, Buffer.alloc(8)),
  ),
  row('6.1', 'DATA on stream 0', connection(PROTOCOL), frame(DATA, 1, 0, 'test')),
  row('6.1', 'DATA with more padding than bytes', connection(PROTOCOL), open, frame(DATA, 9, 1, '\x06test')),
  row(
    '6.2',
    'HEADERS and then another frame than CONTINUATION',
    connection(PROTOCOL),
    frame(HEADERS, 0, 1, block),
    frame(DATA, 1, 1, 'test'),
  ),
  row('6.2', 'HEADERS on stream 0', connection(PROTOCOL), frame(HEADERS, 5, 0, block)),
  row(
    '6.2',
    'HEADERS with more padding than bytes',
    connection(PROTOCOL),
    frame(HEADERS, 13, 1, Buffer.concat([Buffer.from([255]), block])),
  ),
  row('6.3', 'PRIORITY on stream 0', connection(PROTOCOL), frame(PRIORITY, 0, 0, Buffer.alloc(5))),
  row('6.3', 'PRIORITY of 4 bytes', stream(SIZE), frame(PRIORITY, 0, 1, Buffer.alloc(4))),
  row('6.4', 'RST_STREAM on stream 0', connection(PROTOCOL), frame(RST, 0, 0, uint32(8))),
  row('6.4', 'RST_STREAM of 3 bytes', connection(SIZE), open, frame(RST, 0, 1, Buffer.alloc(3))),
  row('6.5', 'SETTINGS with ACK and a payload', connection(SIZE), frame(SETTINGS, 1, 0, Buffer.alloc(6))),
  row('6.5', 'SETTINGS on a stream', connection(PROTOCOL), frame(SETTINGS, 0, 1, settings([3, 100]))),
  row('6.5', 'SETTINGS of 3 bytes', connection(SIZE), frame(SETTINGS, 0, 0, Buffer.alloc(3))),
  row('6.5.2', 'ENABLE_PUSH of 2', connection(PROTOCOL), frame(SETTINGS, 0, 0, settings([2, 2]))),
  row('6.5.2', 'INITIAL_WINDOW_SIZE of 2^31', connection(FLOW), frame(SETTINGS, 0, 0, settings([4, 0x8000_0000]))),
  row('6.5.2', 'MAX_FRAME_SIZE of 2^14-1', connection(PROTOCOL), frame(SETTINGS, 0, 0, settings([5, 16_383]))),
  row('6.5.2', 'MAX_FRAME_SIZE of 2^24', connection(PROTOCOL), frame(SETTINGS, 0, 0, settings([5, 1 << 24]))),
  row('6.5.2', 'an unknown setting', 'pong', frame(SETTINGS, 0, 0, settings([0xff, 1])), ping()),
  row('6.5.3', 'several values of one setting', 'answer', frame(SETTINGS, 0, 0, settings([4, 100], [4, 65_535])), get),
  row('6.7', 'PING with ACK is not answered', 'pong', frame(PING, 1, 0, Buffer.alloc(8, 'invalid')), ping()),
  row('6.7', 'PING on a stream', connection(PROTOCOL), frame(PING, 0, 1, Buffer.alloc(8))),
  row('6.7', 'PING of 6 bytes', connection(SIZE), frame(PING, 0, 0, Buffer.alloc(6))),
  row('6.8', 'GOAWAY on a stream', connection(PROTOCOL), frame(GOAWAY, 0, 1, Buffer.alloc(8))),
  row('6.9', 'WINDOW_UPDATE of 0', connection(PROTOCOL), frame(WINDOW, 0, 0, uint32(0))),
  row('6.9', 'WINDOW_UPDATE of 0 on a stream', stream(PROTOCOL), open, frame(WINDOW, 0, 1, uint32(0))),
  row('6.9', 'WINDOW_UPDATE of 3 bytes', connection(SIZE), frame(WINDOW, 0, 0, Buffer.alloc(3))),
  row(
    '6.9.1',
    'windows above 2^31-1',
    connection(FLOW),
    frame(WINDOW, 0, 0, uint32(0x7fff_ffff)),
    frame(WINDOW, 0, 0, uint32(0x7fff_ffff)),
  ),
  row(
    '6.9.1',
    'windows of a stream above 2^31-1',
    stream(FLOW),
    open,
    frame(WINDOW, 0, 1, uint32(0x7fff_ffff)),
    frame(WINDOW, 0, 1, uint32(0x7fff_ffff)),
  ),
  row(
    '6.9.2',
    'INITIAL_WINDOW_SIZE above the maximum',
    connection(FLOW),
    frame(SETTINGS, 0, 0, settings([4, 0xffff_ffff])),
  ),
  row('6.10', 'CONTINUATION on stream 0', connection(PROTOCOL), frame(HEADERS, 1, 1, block), frame(CONTINUATION, 4, 0)),
  row('6.10', 'CONTINUATION behind END_HEADERS', connection(PROTOCOL), open, frame(CONTINUATION, 4, 1, block)),
  row(
    '6.10',
    'CONTINUATION behind a CONTINUATION with END_HEADERS',
    connection(PROTOCOL),
    frame(HEADERS, 0, 1, block),
    frame(CONTINUATION, 4, 1),
    frame(CONTINUATION, 4, 1),
  ),
  row(
    '6.10',
    'CONTINUATION behind DATA',
    connection(PROTOCOL),
    open,
    frame(DATA, 0, 1, 'test'),
    frame(CONTINUATION, 4, 1),
  ),
  row('7', 'GOAWAY with an unknown code', connection(0), frame(GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0xff)]))),
  row('7', 'RST_STREAM with an unknown code', 'pong', open, frame(RST, 0, 1, uint32(0xff)), ping()),
  row(
    '8.1',
    'a second HEADERS without END_STREAM',
    stream(PROTOCOL),
    open,
    frame(HEADERS, 4, 1, literals([['x-test', 'ok']])),
  ),
  request('8.1.2', 'a capital in a name', [...GET, ['X-TEST', 'ok']]),
  request('8.1.2.1', 'an unknown pseudo-field', [M, S, P, A, [':test', 'ok']]),
  request('8.1.2.1', "a response's pseudo-field", [M, S, P, A, [':status', '200']]),
  row(
    '8.1.2.1',
    'a pseudo-field in trailers',
    stream(PROTOCOL),
    open,
    frame(DATA, 0, 1, 'test'),
    frame(HEADERS, 5, 1, literals([[':method', 'GET']])),
  ),
  request('8.1.2.1', 'a pseudo-field behind a field', [M, S, ['x-test', 'ok'], P, A]),
  request('8.1.2.2', 'Connection', [...GET, ['connection', 'keep-alive']]),
  request('8.1.2.2', 'TE with another value than trailers', [...GET, ['te', 'trailers, deflate']]),
  request('8.1.2.3', 'an empty :path', [M, S, [':path', ''], A]),
  request('8.1.2.3', 'no :method', without(':method')),
  request('8.1.2.3', 'no :scheme', without(':scheme')),
  request('8.1.2.3', 'no :path', without(':path')),
  request('8.1.2.3', 'two :method', [M, ...GET]),
  request('8.1.2.3', 'two :scheme', [S, ...GET]),
  request('8.1.2.3', 'two :path', [P, ...GET]),
  row(
    '8.1.2.6',
    'a length that one DATA does not have',
    stream(PROTOCOL),
    headersFrame(1, [...POST, ['content-length', '1']]),
    frame(DATA, 1, 1, 'test'),
  ),
  row(
    '8.1.2.6',
    'a length that several DATA do not have',
    stream(PROTOCOL),
    headersFrame(1, [...POST, ['content-length', '1']]),
    frame(DATA, 0, 1, 'te'),
    frame(DATA, 1, 1, 'st'),
  ),
  row('8.2', 'PUSH_PROMISE', connection(PROTOCOL), frame(PUSH, 4, 1, Buffer.concat([uint32(3), block]))),

  // RFC 7541.
  hpack('hpack/2.3.3', 'an index beyond the tables', Buffer.from([0x80 | 70])),
  hpack('hpack/4.2', 'a new size of the table behind a field', integer(1, 5, 0x20)),
  hpack(
    'hpack/5.2',
    'padding of more than 7 bits',
    Buffer.from([0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x84, 0x49, 0x50, 0x9f, 0xff]),
  ),
  hpack(
    'hpack/5.2',
    'padding of zeros',
    Buffer.from([0x00, 0x84, 0xf2, 0xb2, 0x4a, 0x80, 0x84, 0x49, 0x50, 0x9f, 0xff]),
  ),
  hpack(
    'hpack/5.2',
    'the code of EOS',
    Buffer.from([0x00, 0x88, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61]),
  ),
  hpack('hpack/6.1', 'index 0', Buffer.from([0x80])),
  hpack('hpack/6.3', 'a table larger than the setting', integer(4097, 5, 0x20)),
];
