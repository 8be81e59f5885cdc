/** Contract sections 4 to 6 beside nginx: heads and bodies of requests. */
import { ANSWER, type Case, compareWithNginx } from './comparison.ts';
import { clientHeaders, type Edit, forwarded, received, refused, seen } from './edits.ts';

const get = (lines: string) => `GET /volume/x HTTP/1.1\r\nHost: test\r\n${lines}\r\n`;
const post = (lines: string, body = '') => `POST /volume/x HTTP/1.1\r\nHost: test\r\n${lines}\r\n${body}`;
const badRequest = refused(400, 'Bad Request', 'close');

const DIFFERENCES = {
  'client’s word': { section: '4', reason: 'nginx passes X-Forwarded-Proto, -Host and -Prefix of any client' },
  'hop-by-hop': {
    section: '4',
    reason: 'nginx forwards headers that Connection names, Proxy-Connection and Proxy-Authorization',
  },
  'TE: trailers': { section: '4', reason: 'nginx drops TE, since it drops trailers' },
  tokens: { section: '4', reason: 'nginx drops names with characters other than letters, digits and hyphens' },
  duplicates: { section: '4', reason: 'nginx refuses two lines of some names' },
  'Host for HTTP/1.0': { section: '4', reason: 'the upstream is spoken to in HTTP/1.1, which demands a Host' },
  streaming: { section: '4', reason: 'nginx collects a chunked body and sends it with a length' },
  trailers: { section: '4', reason: 'nginx reads the trailers of a request and drops them' },
  expectation: { section: '4', reason: 'nginx answers 100 itself and drops Expect; here the upstream decides' },
  websocket: { section: '4', reason: 'nginx drops Upgrade unless it is configured not to' },
  'body limit': { section: '7', reason: 'nginx’s client_max_body_size is 1m, ours has none' },
  'header limit': { section: '5', reason: 'nginx says 400 where RFC 6585 has 431' },
  'CONNECT is known': { section: '5', reason: 'nginx 1.22 takes CONNECT’s target for a malformed one' },
  Allow: { section: '5', reason: 'nginx says 405 without Allow, which RFC 9110 section 15.5.6 demands' },
  'reason phrases': { section: '5', reason: 'nginx keeps the ones of its time; RFC 9110 section 15 changed some' },
  'HTTP/0.9': { section: '5', reason: 'nginx answers a request line without a version with a body without a head' },
  'bare LF': { section: '6', reason: 'nginx takes a bare LF for a line end' },
  'bare CR': { section: '6', reason: 'nginx takes CR CR LF for a line end' },
  colon: { section: '6', reason: 'nginx forwards or drops a line without a colon' },
  names: { section: '6', reason: 'nginx drops names that are no tokens, where they may hide something from others' },
  'Host of RFC 3986': { section: '6', reason: 'nginx 1.22 takes nearly everything for a host' },
  versions: { section: '6', reason: 'nginx takes odd ways to write HTTP/1.1' },
  chunks: { section: '6', reason: 'nginx is generous about the ends of chunk lines' },
} as const;

type Compared = Case<keyof typeof DIFFERENCES>;

const alike = (name: string, send: string): Compared => ({ name, send });
const stricter = (id: keyof typeof DIFFERENCES, name: string, send: string, edit: Edit = badRequest): Compared => ({
  name,
  send,
  differs: { [id]: edit },
});
const chunked = (body: string) => post('Transfer-Encoding: chunked\r\n', body);

/** The upstream gets a chunked body as it came instead of one with a length. */
const streamed: Edit = outcome =>
  seen(outcome, request => ({
    ...request,
    headers: request.headers
      .filter(([name]) => name !== 'Content-Length')
      .flatMap(line => (line[0] === 'X-Request-ID' ? [line, ['Transfer-Encoding', 'chunked'] as const] : [line])),
  }));

const withAllow = received(headers => [...headers, ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']]);

compareWithNginx({
  name: 'requests',
  location: '/volume/',
  differences: DIFFERENCES,
  cases: [
    alike('headers in order', get('User-Agent: a\r\nACCEPT: */*\r\nCookie: a=1\r\nX-A:  1 \r\nX-Empty:\r\n')),
    alike(
      'X-Forwarded-For of the client',
      get('X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2, 192.0.2.3\r\n'),
    ),
    alike('X-Real-IP of the client', get('x-real-ip: 192.0.2.1\r\n')),
    alike('an underscore in a name', get('X_A: 1\r\n')),
    alike('Keep-Alive, TE, Upgrade', get('Keep-Alive: 5\r\nTE: gzip\r\nUpgrade: h2c\r\nConnection: close\r\n')),
    alike('a Host with port, capitals and dot', 'GET /volume/x HTTP/1.1\r\nHost: EXAMPLE.com.:80\r\n\r\n'),
    alike('an IPv6 Host', 'GET /volume/x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n'),
    alike('bytes above 0x7f in a value', get('X-A: caf\xc3\xa9\r\n')),
    alike('a tab in a value', get('X-A: a\tb\r\n')),
    alike('HTTP/1.0', 'GET /volume/x HTTP/1.0\r\nHost: test\r\n\r\n'),
    alike('HTTP/1.0 keep-alive', 'GET /volume/x HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n'),
    alike('an empty line first', `\r\n${get('')}`),
    alike('a POST with a length', post('Content-Length: 3\r\n', 'abc')),
    alike('a length of 0', post('Content-Length: 0\r\n')),
    alike('a DELETE without a length', 'DELETE /volume/x HTTP/1.1\r\nHost: test\r\n\r\n'),
    alike('a GET with a body', get('Content-Length: 3\r\n').concat('abc')),
    alike('HTTP/2.0', 'GET /volume/x HTTP/2.0\r\nHost: test\r\n\r\n'),
    alike('a method in lower case', 'get /volume/x HTTP/1.1\r\nHost: test\r\n\r\n'),
    alike('bytes that are nothing', '\x16\x03\x01\x00\xa5\r\n\r\n'),
    alike('no Host', 'GET /volume/x HTTP/1.1\r\n\r\n'),
    alike('two Hosts', 'GET /volume/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
    alike('an empty Host', 'GET /volume/x HTTP/1.1\r\nHost:\r\n\r\n'),
    alike('a Host with a path', 'GET /volume/x HTTP/1.1\r\nHost: a/b\r\n\r\n'),
    alike('two lengths', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')),
    alike('a list of lengths', post('Content-Length: 3, 3\r\n', 'abc')),
    alike('a length with a sign', post('Content-Length: +3\r\n', 'abc')),
    alike('a hexadecimal length', post('Content-Length: 0x3\r\n', 'abc')),
    alike('an empty length', post('Content-Length:\r\n', 'abc')),
    alike('length and chunked', post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
    alike('two codings', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
    alike('gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')),
    alike('identity', post('Transfer-Encoding: identity\r\n', 'abc')),
    alike('an empty coding', post('Transfer-Encoding:\r\n', '0\r\n\r\n')),
    alike(
      'chunked in HTTP/1.0',
      'POST /volume/x HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ),
    alike('a folded line', get('X-A: 1\r\n 2\r\n')),
    alike('space before a colon', get('X-A : 1\r\n')),
    alike('an empty name', get(': 1\r\n')),
    alike('NUL in a value', get('X-A: 1\x002\r\n')),
    alike('a bare CR in a value', get('X-A: 1\r2\r\n')),
    alike('a chunk size with 0x', chunked('0x2\r\nab\r\n0\r\n\r\n')),
    alike('data longer than its chunk', chunked('2\r\nabc\r\n0\r\n\r\n')),

    {
      name: 'TRACE',
      send: 'TRACE /volume/x HTTP/1.1\r\nHost: test\r\n\r\n',
      differs: { 'reason phrases': outcome => ({ ...outcome, reason: 'Method Not Allowed' }), Allow: withAllow },
    },
    {
      name: 'a request line over 8 KiB',
      send: `GET /volume/${'x'.repeat(9_000)} HTTP/1.1\r\nHost: test\r\n\r\n`,
      differs: { 'reason phrases': outcome => ({ ...outcome, reason: 'URI Too Long' }) },
    },
    {
      name: 'X-Forwarded-* of the client',
      send: get('X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Prefix: /evil\r\nX-A: 1\r\n'),
      differs: { 'client’s word': clientHeaders(['X-A', '1']) },
    },
    {
      name: 'hop-by-hop headers',
      send: get('Connection: X-Hop\r\nX-Hop: 1\r\nProxy-Connection: a\r\nProxy-Authorization: b\r\nX-A: 1\r\n'),
      differs: { 'hop-by-hop': clientHeaders(['X-A', '1']) },
    },
    {
      name: 'TE: trailers',
      send: get('TE: trailers\r\n'),
      differs: { 'TE: trailers': clientHeaders(['Connection', 'TE'], ['TE', 'trailers']) },
    },
    { name: 'names of odd tokens', send: get('X.A!: 1\r\n'), differs: { tokens: clientHeaders(['X.A!', '1']) } },
    {
      name: 'Authorization twice',
      send: get('Authorization: a\r\nAuthorization: b\r\n'),
      differs: {
        duplicates: outcome => clientHeaders(['Authorization', 'a'], ['Authorization', 'b'])(forwarded('/x')(outcome)),
      },
    },
    {
      name: 'HTTP/1.0 without Host',
      send: 'GET /volume/x HTTP/1.0\r\n\r\n',
      differs: { 'Host for HTTP/1.0': withUpstreamHost },
    },
    {
      name: 'a chunked body',
      send: chunked('2\r\nab\r\n0\r\n\r\n'),
      differs: { streaming: streamed },
    },
    {
      name: 'trailers',
      send: chunked('2\r\nab\r\n0\r\nX-T: 1\r\n\r\n'),
      differs: {
        streaming: streamed,
        trailers: outcome => seen(outcome, request => ({ ...request, trailers: [['X-T', '1']] })),
      },
    },
    {
      name: 'Expect: 100-continue',
      send: post('Expect: 100-continue\r\nContent-Length: 2\r\n', 'ab'),
      differs: {
        expectation: outcome => ({
          ...clientHeaders(['Content-Length', '2'], ['Expect', '100-continue'])(outcome),
          interim: [],
        }),
      },
    },
    {
      name: 'a websocket',
      send: get('Connection: Upgrade\r\nUpgrade: websocket\r\n'),
      upstream: async request => {
        const { connection } = request;
        if (request.header('upgrade') === undefined) return connection.send(ANSWER);
        connection.tunnel();
        return connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      },
      differs: {
        websocket: outcome => ({
          ...outcome,
          status: 101,
          reason: 'Switching Protocols',
          headers: [
            ['Connection', 'Upgrade'],
            ['Upgrade', 'websocket'],
          ],
          body: '',
          framing: 'none',
          requests: outcome.requests.map(request => ({
            ...request,
            headers: [...request.headers, ['Connection', 'Upgrade'], ['Upgrade', 'websocket']],
          })),
        }),
      },
    },
    {
      name: 'a body over a megabyte',
      send: post(`Content-Length: ${1.1e6}\r\n`, 'x'.repeat(1.1e6)),
      differs: {
        'body limit': outcome => {
          const [request] = forwarded('/x')(outcome).requests;
          if (request === undefined) return outcome;
          const headers = [...request.headers, ['Content-Length', String(1.1e6)] as const];
          const line = request.line.replace('GET', 'POST');
          return { ...forwarded('/x')(outcome), requests: [{ ...request, line, headers, body: 'x'.repeat(1.1e6) }] };
        },
      },
    },
    stricter(
      'header limit',
      'a header line over 8 KiB',
      get(`X-A: ${'x'.repeat(9_000)}\r\n`),
      refused(431, 'Request Header Fields Too Large', 'close'),
    ),
    stricter('CONNECT is known', 'CONNECT', 'CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n', outcome =>
      withAllow(refused(405, 'Method Not Allowed', 'close')(outcome)),
    ),
    stricter('HTTP/0.9', 'no version', 'GET /volume/x\r\n\r\n'),
    stricter('bare LF', 'bare LFs', 'GET /volume/x HTTP/1.1\nHost: test\n\n'),
    stricter('bare LF', 'a bare LF after a header', get('X-A: 1\nX-B: 2\r\n')),
    stricter('bare CR', 'CR CR LF', get('X-A: 1\r\r\n')),
    stricter('colon', 'a line without a colon', get('X-A\r\n')),
    stricter('names', 'a name that is no token', get('X(A): 1\r\n')),
    stricter('names', 'a name with a byte above 0x7f', get('X\xe9: 1\r\n')),
    stricter('Host of RFC 3986', 'a Host with user information', 'GET /volume/x HTTP/1.1\r\nHost: u@a\r\n\r\n'),
    stricter('Host of RFC 3986', 'a list of hosts', 'GET /volume/x HTTP/1.1\r\nHost: a,b\r\n\r\n'),
    stricter('Host of RFC 3986', 'a Host with a bad port', 'GET /volume/x HTTP/1.1\r\nHost: a:x\r\n\r\n'),
    stricter('versions', 'HTTP/1.01', 'GET /volume/x HTTP/1.01\r\nHost: test\r\n\r\n'),
    stricter('versions', 'HTTP/1.10', 'GET /volume/x HTTP/1.10\r\nHost: test\r\n\r\n'),
    stricter('versions', 'a space after the version', 'GET /volume/x HTTP/1.1 \r\nHost: test\r\n\r\n'),
    stricter('chunks', 'a chunk size that ends in a bare LF', chunked('2\nab\r\n0\r\n\r\n')),
    stricter('chunks', 'a chunk size before a space', chunked('2 \r\nab\r\n0\r\n\r\n')),
    stricter('chunks', 'an extension that ends in a bare LF', chunked('2;a\nab\r\n0\r\n\r\n')),
  ],
});

const FORWARDED = { controls: { section: '6', reason: 'nginx forwards control characters in values' } };

const malformed = (name: string, send: string): Case<keyof typeof FORWARDED> => ({
  name,
  send,
  differs: { controls: badRequest },
});

compareWithNginx({
  name: 'requests that the upstream takes for none, and does not answer',
  location: '/volume/',
  differences: FORWARDED,
  cases: [
    malformed('a control character in a value', get('X-A: a\x01b\r\n')),
    malformed('DEL in a value', get('X-A: a\x7fb\r\n')),
  ],
  readTimeoutMs: 500,
});

/** The address of the engine's upstream, which is not the one of nginx's. */
function withUpstreamHost(outcome: Parameters<Edit>[0]): ReturnType<Edit> {
  return seen(outcome, request => ({ ...request, headers: [['Host', '<upstream>'], ...request.headers] }));
}
