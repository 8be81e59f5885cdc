/** Contract sections 4 and 5 beside nginx: responses, and the errors made in their place. */
import assert from 'node:assert/strict';
import { ERROR_PAGE } from '../support/proxy-under-test.ts';
import type { UpstreamHandler } from '../support/raw-upstream.ts';
import { type Case, compareWithNginx } from './comparison.ts';
import { badGateway, type Edit, received } from './edits.ts';

const GET = 'GET /volume/x HTTP/1.1\r\nHost: test\r\n\r\n';
const GET_10 = 'GET /volume/x HTTP/1.0\r\nHost: test\r\n\r\n';
const HEAD = 'HEAD /volume/x HTTP/1.1\r\nHost: test\r\n\r\n';
const MARKS = 'Server: theirs\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nX-Upstream: 1\r\n';

const DIFFERENCES = {
  'X-Accel-Redirect': { section: '5', reason: 'nginx lets a backend redirect a request within the proxy' },
  'hop-by-hop': { section: '5', reason: 'nginx passes headers that the upstream’s Connection names' },
  trailers: { section: '4', reason: 'nginx drops trailers' },
  '1xx': { section: '5', reason: 'nginx 1.22 takes a 1xx for the response and what follows for its body' },
  'strict heads': { section: '5', reason: 'nginx 1.22 passes heads that are ambiguous or no HTTP' },
  'no HTTP/0.9': { section: '5', reason: 'nginx takes bytes that are no head for an HTTP/0.9 response' },
} as const;

type Compared = Case<keyof typeof DIFFERENCES>;

const finish =
  (bytes: string): UpstreamHandler =>
  async request => {
    await request.whole();
    request.connection.finish(bytes);
  };

const alike = (name: string, bytes: string, send = GET): Compared => ({ name, send, upstream: finish(bytes) });
const stricter = (name: string, bytes: string): Compared => ({
  ...alike(name, bytes),
  differs: { 'strict heads': badGateway(ERROR_PAGE) },
});
const head = (lines: string, status = '200 OK') => `HTTP/1.1 ${status}\r\n${MARKS}${lines}\r\n`;
const drop =
  (...names: readonly string[]): Edit =>
  outcome =>
    received(headers => headers.filter(([name]) => !names.includes(name)))(outcome);

compareWithNginx({
  name: 'responses',
  location: '/volume/',
  differences: DIFFERENCES,
  cases: [
    alike(
      'headers, case and number',
      `${head('Set-Cookie: a=1\r\nx-b: 1\r\nset-cookie: b=2\r\nX-B: 2\r\nX_C: 3\r\nContent-Length: 2\r\n')}ok`,
    ),
    alike('Location', `${head('Location: http://elsewhere/x\r\nContent-Length: 0\r\n', '302 Found')}`),
    alike('a reason of its own', `${head('Content-Length: 2\r\n', '404 Not Here')}no`),
    alike('500 of the upstream', `${head('Content-Length: 2\r\n', '500 Up Err')}no`),
    alike('503 of the upstream', `${head('Content-Length: 2\r\n', '503 Later')}no`),
    alike('an odd status', `${head('Content-Length: 2\r\n', '999 X')}no`),
    alike(
      'X-Accel-Buffering and -Expires',
      `${head('X-Accel-Buffering: no\r\nX-Accel-Expires: 1\r\nContent-Length: 2\r\n')}ok`,
    ),
    alike('Keep-Alive', `${head('Connection: keep-alive\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n')}ok`),
    alike('chunked', `${head('Transfer-Encoding: chunked\r\n')}2\r\nok\r\n0\r\n\r\n`),
    alike('chunked to HTTP/1.0', `${head('Transfer-Encoding: chunked\r\n')}2\r\nok\r\n0\r\n\r\n`, GET_10),
    alike('without a length', `${head('')}ok`),
    alike('without a length to HTTP/1.0', `${head('')}ok`, GET_10),
    alike('204', head('', '204 No Content')),
    alike('304', head('Content-Length: 9\r\n', '304 Not Modified')),
    alike('HEAD', head('Content-Length: 9\r\n'), HEAD),
    alike('HEAD of a chunked response', head('Transfer-Encoding: chunked\r\n'), HEAD),
    alike('bytes beyond the length', `${head('Content-Length: 2\r\n')}okEXTRA`),
    alike('a body that is cut', `${head('Content-Length: 9\r\n')}hello`),
    alike('chunks that are cut', `${head('Transfer-Encoding: chunked\r\n')}5\r\nhello\r\n`),
    alike('closed before a head', ''),
    alike('closed within a head', 'HTTP/1.1 200 OK\r\nX-A'),
    alike('a folded line', `${head('X-A: 1\r\n 2\r\nContent-Length: 2\r\n')}ok`),
    alike('NUL in a value', `${head('X-A: 1\x002\r\nContent-Length: 2\r\n')}ok`),
    { name: 'a reset', send: GET, upstream: request => request.connection.reset() },
    { name: 'a client that half-closes while it waits', send: GET, silence: true, halfClose: true },
    { name: 'a reset, for HEAD', send: HEAD, upstream: request => request.connection.reset() },

    {
      ...alike('X-Accel-Redirect', `${head('X-Accel-Redirect: /50x.html\r\nContent-Length: 2\r\n')}ok`),
      differs: {
        'X-Accel-Redirect': outcome => {
          assert.equal(outcome.body, ERROR_PAGE, 'nginx serves what the backend names');
          return plain(outcome);
        },
      },
    },
    {
      ...alike('a header that Connection names', `${head('Connection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n')}ok`),
      differs: { 'hop-by-hop': drop('X-Hop') },
    },
    {
      ...alike('trailers', `${head('Trailer: X-T\r\nTransfer-Encoding: chunked\r\n')}2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`),
      differs: { trailers: outcome => ({ ...outcome, trailers: [['X-T', '1']] }) },
    },
    {
      ...alike('103', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${head('Content-Length: 2\r\n')}ok`),
      differs: { '1xx': outcome => ({ ...plain(outcome), interim: [103] }) },
    },
    { ...alike('no head at all', 'hello\r\n'), differs: { 'no HTTP/0.9': badGateway(ERROR_PAGE) } },
    stricter('two lengths', `${head('Content-Length: 2\r\nContent-Length: 3\r\n')}oks`),
    stricter(
      'length and chunked',
      `${head('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n')}2\r\nok\r\n0\r\n\r\n`,
    ),
    stricter('another coding', `${head('Transfer-Encoding: gzip, chunked\r\n')}0\r\n\r\n`),
    stricter('a malformed length', `${head('Content-Length: +2\r\n')}ok`),
    stricter('a control character in the reason', `${head('Content-Length: 2\r\n', '200 O\x01K')}ok`),
    stricter('a control character in a value', `${head('X-A: a\x01b\r\nContent-Length: 2\r\n')}ok`),
    stricter('a status under 100', `${head('Content-Length: 2\r\n', '099 X')}ok`),
    stricter('an unasked 101', head('Connection: Upgrade\r\nUpgrade: x\r\n', '101 Switching Protocols')),
  ],
});

compareWithNginx({
  name: 'silence',
  location: '/volume/',
  differences: {
    streaming: { section: '4', reason: 'nginx holds a part of a body back until its buffer is full or the body ends' },
    'reason phrases': { section: '5', reason: 'nginx keeps the ones of its time; RFC 9110 section 15 changed some' },
  },
  cases: [
    {
      name: 'in the place of a head',
      send: GET,
      silence: true,
      differs: { 'reason phrases': outcome => ({ ...outcome, reason: 'Gateway Timeout' }) },
    },
    {
      name: 'within a body',
      send: GET,
      upstream: request => request.connection.send(`${head('Content-Length: 9\r\n')}hello`),
      differs: { streaming: outcome => ({ ...outcome, body: 'hello' }) },
    },
  ],
  readTimeoutMs: 1_000,
});

/** What the client gets of `200 OK` with the body "ok". */
function plain(outcome: Parameters<Edit>[0]): ReturnType<Edit> {
  return {
    ...outcome,
    status: 200,
    reason: 'OK',
    headers: [
      ['Connection', 'keep-alive'],
      ['Content-Length', '2'],
      ['Date', 'Sat, 21 Nov 2026 10:00:00 GMT'],
      ['Server', 'theirs'],
      ['X-Upstream', '1'],
    ],
    body: 'ok',
    framing: 'content-length',
    complete: true,
  };
}
