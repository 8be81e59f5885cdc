/** Streams of requests as clients, proxies and attackers write them, most of them almost right. */
import type { Random } from './random.ts';

const TOKEN = "!#$%&'*+-.^_`|~09AZaz";
const VISIBLE = 'abcXYZ019-_.~!$&()*+,;=:@/?#[]{}"\\<>^|%';

/** Of every kind that something in the reading looks at, and of every kind that has been used against a proxy. */
const LINES: readonly [string, ...string[]] = [
  'X-A: 1',
  'x-b:2',
  'X-Empty:',
  'X-Blanks: \t a \t b \t ',
  'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'Cookie: a=1; b=2',
  'Cookie: c=3',
  'User-Agent: fuzz/1.0 (\xe4\xf6\xfc)',
  'Referer: http://a/b?c',
  'Authorization: Basic YTpi',
  'X_Under: 1',
  'Content_Length: 7',
  'Transfer_Encoding: chunked',
  'Content-Length: 0',
  'Content-Length: 3',
  'content-length:  5 ',
  'Content-Length: 11',
  'Content-Length: 0003',
  'Content-Length: +3',
  'Content-Length: -1',
  'Content-Length: 3, 3',
  'Content-Length: 0x3',
  'Content-Length: 3 3',
  'Content-Length:',
  'Content-Length: 9007199254740991',
  'Content-Length: 9007199254740992',
  'Content-Length: 18446744073709551619',
  'Content-Length : 3',
  'Transfer-Encoding: chunked',
  'transfer-encoding:chunked\t',
  'Transfer-Encoding: CHUNKED',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked;x=y',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  ' Transfer-Encoding: chunked',
  'X-Fold: a\r\n b',
  'X: y\r\n\tTransfer-Encoding: chunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x00',
  'X-Nul: a\x00b',
  'X-Bare-Cr: a\rb',
  'X-Bare-Lf: a\nTransfer-Encoding: chunked',
  'X-Del: \x7f',
  'X-Cr: a\r',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Keep-Alive, Close',
  'Connection: x-a, X-B , ,te',
  'Connection: content-length',
  'Connection: transfer-encoding, host',
  'Connection: cookie',
  'Connection: upgrade',
  'Connection:',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic YTpi',
  'TE: trailers',
  'TE: gzip;q=0.5',
  'Trailer: X-T',
  'Expect: 100-continue',
  'Host: other',
  'Host:',
  'Host: a, b',
  'Host: a:b',
  'Host : test',
  'X-Real-IP: 10.0.0.1',
  'X-Forwarded-For: 10.0.0.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil',
  'X-Forwarded-Prefix: /evil',
  'No-Colon',
  ': no name',
  '',
];
const HOSTS: readonly [string, ...string[]] = [
  ...(Array(12).fill('Host: test') as ['Host: test']),
  'host:test:80',
  'HOST: [::1]',
  'Host: a.test.',
];
const METHODS: readonly [string, ...string[]] = [
  ...['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'M-SEARCH'],
  ...['FOO', 'A_B', 'CONNECT', 'TRACE', 'get', 'G\tET', 'GET:', 'PRI', ''],
] as [string, ...string[]];
const ENDS: readonly [string, ...string[]] = [
  '/x',
  '/x',
  '/x/y?z=1',
  '',
  '/',
  '//a//b',
  '/a/./b/../c',
  '/%41%2f%zz',
  '/%2e%2e/%2e%2e',
  '/a%00',
  '/\xe4',
  '?q',
  '#f',
  '/a b',
  '/a\x7f',
  '/a\tb',
];
const VERSIONS: readonly [string, ...string[]] = [
  ...(Array(16).fill('HTTP/1.1') as ['HTTP/1.1']),
  ...['HTTP/1.0', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/1.10', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/3', 'http/1.1', 'HTTP/1.1 ', ''],
];
const BODIES: readonly [string, ...string[]] = [
  '',
  'abc',
  'abcde',
  'hello world',
  'GET /x HTTP/1.1\r\nHost: a\r\n\r\n',
];
const SIZES: readonly [string, ...string[]] = [
  '',
  '0',
  '00',
  'g',
  '-1',
  '0x3',
  ' 3',
  '3 ',
  '+3',
  'ffffffffffffff',
  '3\t',
];
const EXTENSIONS: readonly [string, ...string[]] = [';a', ';a=b', ';a="b\\""', '; x', ';\x00', ';a\rb', ';a\nb', ' ;a'];
const TRAILERS: readonly [string, ...string[]] = [
  ...[
    'X-T: 1',
    'x-t2:2',
    'Host: evil',
    'Content-Length: 9',
    'Transfer-Encoding: chunked',
    'X-T : 1',
    ' fold',
    'X: a\rb',
  ],
] as [string, ...string[]];
/** What a cut or a broken client leaves between requests. */
const SCRAPS: readonly [string, ...string[]] = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  'abc',
  '0\r\n\r\n',
  '\x00',
  ' ',
  '\x16\x03\x01',
];

/** @param bases paths that requests go to; a target is one of them and something more */
export function makeStream(random: Random, bases: readonly [string, ...string[]]): Buffer {
  if (random.oneIn(40)) return noise(random);
  let text = '';
  for (let count = random.between(1, 4); count > 0; count -= 1) {
    text += random.oneIn(14) ? random.pick(SCRAPS) : makeRequest(random, bases);
  }
  const bytes = Buffer.from(text, 'latin1');
  return random.oneIn(4) ? mutate(random, bytes) : bytes;
}

function makeRequest(random: Random, bases: readonly [string, ...string[]]): string {
  if (random.oneIn(2)) return makePlainRequest(random, bases);
  const blank = random.oneIn(60) ? random.pick(['  ', '\t', '', '\x0b']) : ' ';
  const target = random.oneIn(24) ? oddTarget(random, bases) : random.pick(bases) + random.pick(ENDS);
  const method = random.oneIn(4) ? random.pick(METHODS) : random.pick(['GET', 'POST', 'PUT', 'HEAD']);
  const head = [
    `${method}${blank}${target}${blank}${random.pick(VERSIONS)}`,
    ...(random.oneIn(30) ? [] : [random.pick(HOSTS)]),
  ];
  for (let count = random.below(5); count > 0; count -= 1) {
    head.splice(random.between(1, head.length), 0, random.oneIn(6) ? oddLine(random) : random.pick(LINES));
  }
  const body = random.pick(BODIES);
  let tail = '';
  if (random.oneIn(3)) {
    head.push(`Content-Length: ${random.oneIn(8) ? random.below(20) : body.length}`);
    tail = body;
  } else if (random.oneIn(2)) {
    head.push('Transfer-Encoding: chunked');
    tail = makeChunks(random);
  }
  const lineEnd = random.oneIn(50) ? random.pick(['\n', '\r', '\r\r\n', '\n\r']) : '\r\n';
  return head.join(lineEnd) + lineEnd + lineEnd + tail;
}

/** One that has to be taken: without such, hardly any stream would come to its second request. */
function makePlainRequest(random: Random, bases: readonly [string, ...string[]]): string {
  const target = `${random.pick(bases)}/${random.text('abc/', random.below(8))}`;
  const extra = random.oneIn(2) ? `X-Random: ${random.text(VISIBLE, random.below(30))}\r\n` : '';
  switch (random.below(4)) {
    case 0:
      return `POST ${target} HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n${extra}\r\nabcde`;
    case 1: {
      const body = random.text('xyz\r\n0', random.between(1, 40));
      return `PUT ${target} HTTP/1.1\r\n${extra}Host: test\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(body)}0\r\n\r\n`;
    }
    default:
      return `GET ${target} HTTP/1.1\r\nHost: test\r\n${extra}\r\n`;
  }
}

export function makeChunks(random: Random): string {
  let text = '';
  for (let count = random.below(4); count > 0; count -= 1) {
    const data = random.text('abc\r\n;0', random.between(1, 20));
    const size = random.oneIn(12) ? random.pick(SIZES) : data.length.toString(16);
    const zeros = random.oneIn(10) ? '0'.repeat(random.between(1, 13)) : '';
    const extension = random.oneIn(5) ? random.pick(EXTENSIONS) : random.oneIn(400) ? `;${'e'.repeat(9000)}` : '';
    const lineEnd = random.oneIn(30) ? random.pick(['\n', '\r', '', '\r\r\n']) : '\r\n';
    text += `${zeros}${random.oneIn(2) ? size.toUpperCase() : size}${extension}\r\n${data}${lineEnd}`;
  }
  if (random.oneIn(25)) return text;
  text += '0\r\n';
  for (let count = random.oneIn(3) ? random.below(3) : 0; count > 0; count -= 1) text += `${random.pick(TRAILERS)}\r\n`;
  return `${text}\r\n`;
}

function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

function oddTarget(random: Random, bases: readonly [string, ...string[]]): string {
  const base = random.pick(bases);
  if (random.oneIn(8)) return `${base}/${'x'.repeat(random.between(8150, 8200))}`;
  return random.pick([
    ...(['*', base.slice(1), `//${base}`, '/nowhere', '/'] as const),
    `http://test${base}/abs`,
    `http://u@test${base}`,
    `HTTP://TEST:81${base}?q`,
  ]);
}

function oddLine(random: Random): string {
  switch (random.below(8)) {
    case 0:
      return `${random.text(TOKEN, random.between(1, 9))}:${random.text(`${VISIBLE} \t`, random.below(20))}`;
    case 1:
      return `X-Byte: a${String.fromCharCode(random.below(256))}b`;
    case 2:
      return `X${String.fromCharCode(random.below(256))}Y: 1`;
    case 3:
      return random.oneIn(20) ? `X-Long: ${'l'.repeat(random.between(8170, 8200))}` : 'X-Short: s';
    case 4:
      return random.oneIn(20) ? 'X-Many: m\r\n'.repeat(random.between(990, 1010)) : 'X-Few: f';
    case 5:
      return random.oneIn(20) ? 'Referer: r\r\n'.repeat(random.between(60, 70)) : 'Referer: q';
    case 6:
      return random.oneIn(20)
        ? `${'X-Sum: '.padEnd(8000, 's')}\r\n`.repeat(4) + 'X-Rest: '.padEnd(random.between(600, 900), 'r')
        : '';
    default:
      return `${random.pick(['Connection', 'X-Forwarded-For', 'Upgrade', 'TE'])}: ${random.text('close,upgrade keep-alive x-a', random.below(12))}`;
  }
}

/** Changes some bytes, takes some out, doubles some. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated = Buffer.from(bytes);
  for (let count = random.between(1, 3); count > 0 && mutated.length > 0; count -= 1) {
    const at = random.below(mutated.length);
    switch (random.below(4)) {
      case 0:
        mutated[at] = random.below(256);
        break;
      case 1:
        mutated[at] = random.pick([0x0d, 0x0a, 0x20, 0x09, 0x00, 0x3a, 0x2c, 0x3b, 0x30, 0x7f]);
        break;
      case 2:
        mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + random.between(1, 6))]);
        break;
      default:
        mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(Math.max(0, at - random.between(1, 30)))]);
    }
  }
  return mutated;
}

function noise(random: Random): Buffer {
  const bytes = Buffer.alloc(random.between(1, 80));
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = random.below(256);
  return bytes;
}
