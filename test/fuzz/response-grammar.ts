/** Responses of upstreams that are old, careless or hostile, most of them almost right. */
import type { Random } from './random.ts';
import { makeChunks, mutate } from './request-grammar.ts';

const STATUS_LINES: readonly [string, ...string[]] = [
  ...(Array(10).fill('HTTP/1.1 200 OK') as ['HTTP/1.1 200 OK']),
  ...['HTTP/1.0 200 OK', 'HTTP/1.1 204 No Content', 'HTTP/1.1 304 Not Modified', 'HTTP/1.1 404 \xe4', 'HTTP/1.1 200'],
  ...['HTTP/1.1 200 ', 'HTTP/1.1 999 x', 'HTTP/1.9 200 OK', 'HTTP/1.1 099 x', 'HTTP/1.1 20 x', 'HTTP/1.1 2000 x'],
  ...['HTTP/1.1  200 x', 'HTTP/2.0 200 x', 'http/1.1 200 x', 'HTTP/1.1 200 a\x00b', 'HTTP/1.1 200 a\rb', 'ICY 200 OK'],
  ...['HTTP/1.1 101 Switching Protocols', 'HTTP/1.1 +20 x', 'HTTP/1.10 200 x', 'HTTP/1.1 2\xb20 x', ''],
];
const LINES: readonly [string, ...string[]] = [
  ...['X-A: 1', 'x-b:2', 'X-Empty:', 'Server: s', 'Date: Thu, 01 Jan 1970 00:00:00 GMT', 'Set-Cookie: a=1; Path=/'],
  ...[
    'Set-Cookie: b=2',
    'Location: /x',
    'Refresh: 0; url=/y',
    'Content-Type: text/plain',
    'Trailer: X-T',
    'X_Under: 1',
  ],
  ...['X-Accel-Redirect: /etc', 'x-accel-buffering: no', 'X-Accel-A_b: 1', 'X-Accelerate: 1'],
  ...[
    'Connection: close',
    'Connection: keep-alive',
    'Connection: x-a, content-length',
    'Connection: upgrade, Set-Cookie',
  ],
  ...[
    'Keep-Alive: timeout=5, max=10',
    'Keep-Alive: timeout=0',
    'Upgrade: websocket',
    'TE: trailers',
    'Proxy-Authenticate: x',
  ],
  ...['Content-Length: 3', 'Content-Length: 0', 'Content-Length: 3, 3', 'Content-Length: -1', 'Content-Length:'],
  ...['Content-Length: 9007199254740992', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip, chunked'],
  ...[
    'Transfer-Encoding: identity',
    'Transfer-Encoding:',
    'Transfer-Encoding : chunked',
    ' fold',
    'No-Colon',
    ': no name',
  ],
  ...['X-Nul: a\x00b', 'X-Bare-Cr: a\rb', 'X-Bare-Lf: a\nb', 'X-Del: \x7f', 'X-\xe4: 1'],
] as [string, ...string[]];
const INTERIM: readonly [string, ...string[]] = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 102 x\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 100 x\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.0 100 x\r\n\r\n',
];

/** @param mark stands in the body, to tell this response from any other */
export function makeResponse(random: Random, mark: string): Buffer {
  let text = '';
  while (random.oneIn(6)) text += random.pick(INTERIM);
  const head: string[] = [random.oneIn(3) ? random.pick(STATUS_LINES) : 'HTTP/1.1 200 OK'];
  for (let count = random.below(5); count > 0; count -= 1) head.push(oddLine(random));
  let tail = '';
  switch (random.below(4)) {
    case 0: {
      const wrong = random.oneIn(6) ? random.between(-3, 3) : 0;
      head.push(`Content-Length: ${Math.max(0, mark.length + wrong)}`);
      tail = mark;
      break;
    }
    case 1:
      head.push('Transfer-Encoding: chunked');
      tail = `${mark.length.toString(16)}\r\n${mark}\r\n${makeChunks(random)}`;
      break;
    case 2:
      tail = mark;
      break;
    default:
  }
  const lineEnd = random.oneIn(50) ? random.pick(['\n', '\r', '\r\r\n']) : '\r\n';
  text += head.join(lineEnd) + lineEnd + lineEnd + tail;
  // What would be the answer to the next request on this connection, if anybody took it for that.
  if (random.oneIn(8)) text += `HTTP/1.1 200 OK\r\nContent-Length: ${mark.length}\r\n\r\n${mark}`;
  const bytes = Buffer.from(text, 'latin1');
  if (random.oneIn(10)) return bytes.subarray(0, random.between(1, bytes.length));
  return random.oneIn(5) ? nonEmpty(mutate(random, bytes)) : bytes;
}

function oddLine(random: Random): string {
  if (!random.oneIn(12)) return random.pick(LINES);
  switch (random.below(4)) {
    case 0:
      return `X-Byte: a${String.fromCharCode(random.below(256))}b`;
    case 1:
      return `X${String.fromCharCode(random.below(256))}Y: 1`;
    case 2:
      return random.oneIn(20) ? `X-Long: ${'l'.repeat(random.between(8170, 8200))}` : 'X-Short: s';
    default:
      return random.oneIn(20) ? 'X-Many: m\r\n'.repeat(random.between(990, 1010)) : 'X-Few: f';
  }
}

function nonEmpty(bytes: Buffer): Buffer {
  return bytes.length === 0 ? Buffer.from('\x00') : bytes;
}
