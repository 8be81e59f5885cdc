/**
 * A request means the same on either version of HTTP: what the upstream gets, what the client is answered, what the log says. Each row
 * is asked over HTTP/1.1 and over HTTP/2, and all of it is compared.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { Http2Client } from '../support/http2-client.ts';
import type { Fields } from '../support/http2-fields.ts';
import {
  type ProxyDescription,
  type ProxyUnderTest,
  type RouteDescription,
  startProxy,
} from '../support/proxy-under-test.ts';
import { answering, NOBODY, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';

interface Row {
  readonly what: string;
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  readonly fields?: Fields;
  readonly body?: string;
  readonly upstream?: UpstreamHandler;
  readonly route?: Partial<RouteDescription>;
  readonly settings?: ProxyDescription['settings'];
  /** Lets so much time pass when the request is with the upstream. */
  readonly passMs?: number;
}

interface Seen {
  readonly status: number;
  readonly fields: Fields;
  readonly body: string;
}

const answer = (lines: string, body = 'ok', status = '200 OK'): UpstreamHandler =>
  answering(`HTTP/1.1 ${status}\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`);

const ROWS: readonly Row[] = [
  { what: 'a GET with a query', target: '/volume/a/b?c=d&e' },
  { what: 'a path that is normalised', target: '/volume/./a/../b//c' },
  { what: 'a prefix that stays', route: { stripPrefix: false } },
  { what: 'a host with capitals and a port', host: 'TEST:8080' },
  { what: "another host than the route's", host: 'other', route: { host: 'test' } },
  { what: 'no route', target: '/nowhere' },
  { what: 'a method that is refused', method: 'TRACE' },
  { what: 'a method that is unknown here', method: 'PURGE' },
  { what: 'a POST with a length', method: 'POST', body: 'abcdef', fields: [['content-length', '6']] },
  {
    what: 'a body beyond the limit',
    method: 'POST',
    body: 'abcdef',
    fields: [['content-length', '6']],
    settings: { clientMaxBodySize: 5 },
  },
  {
    what: "headers of a client's proxy",
    fields: [
      ['x-forwarded-for', '192.0.2.1'],
      ['x-forwarded-proto', 'https'],
      ['x-request-id', 'mine'],
    ],
  },
  {
    what: 'headers of a trusted proxy',
    fields: [
      ['x-forwarded-for', '192.0.2.1'],
      ['x-forwarded-proto', 'https'],
    ],
    settings: { trustedProxies: ['127.0.0.0/8'] },
  },
  {
    what: 'headers of all kinds',
    fields: [
      ['user-agent', 'a b'],
      ['referer', 'http://x/'],
      ['authorization', 'Basic dTpw'],
      ['x-empty', ''],
      ['te', 'trailers'],
    ],
  },
  {
    what: 'headers that come twice',
    fields: [
      ['authorization', 'a'],
      ['x-one', '1'],
      ['authorization', 'b'],
      ['if-none-match', '"a"'],
      ['if-none-match', '"b"'],
    ],
  },
  {
    what: 'a redirect that is rewritten',
    upstream: answer('Location: /login\r\n', '', '302 Found'),
    route: { rewriteRedirects: true },
  },
  {
    what: 'a cookie whose path is rewritten',
    upstream: answer('Set-Cookie: a=1; Path=/\r\n'),
    route: { rewriteRedirects: true },
  },
  { what: 'a status without a reason', upstream: answer('', 'x', '299 ') },
  { what: 'X-Accel headers', upstream: answer('X-Accel-Redirect: /x\r\n') },
  { what: 'an upstream that refuses', route: { to: [NOBODY] } },
  { what: 'an upstream that closes at once', upstream: ({ connection }) => connection.finish() },
  { what: 'a malformed answer', upstream: answering('HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n') },
  {
    what: 'an upstream that says nothing',
    upstream: () => undefined,
    settings: { proxyReadTimeout: 5_000 },
    passMs: 5_200,
  },
];

async function overHttp1(proxy: ProxyUnderTest, row: Row, pass: () => Promise<void>): Promise<Seen> {
  const { method = 'GET', target = '/volume', host = 'test', fields = [], body = '' } = row;
  const client = await proxy.connect();
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const hop = fields.some(([name]) => name === 'te') ? 'connection: te\r\n' : '';
  await client.send(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${hop}${lines}\r\n${body}`);
  await pass();
  const response = await client.response();
  const own = response.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  return { status: response.status, body: response.body, fields: own.filter(([name]) => name !== 'connection') };
}

async function overHttp2(t: TestContext, proxy: ProxyUnderTest, row: Row, pass: () => Promise<void>): Promise<Seen> {
  const { method = 'GET', target = '/volume', host = 'test', fields = [], body = '' } = row;
  const client = await Http2Client.connect(t, proxy.address);
  const pseudo: Fields = [
    [':method', method],
    [':scheme', 'http'],
    [':path', target],
    [':authority', host],
  ];
  const id = client.request([...pseudo, ...fields], body);
  await client.settled();
  await pass();
  return client.response(id);
}

/** Without what differs from one request to the next. */
function comparable(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{32}/g, 'ID')
    .replaceAll(/(?<=date[":, ]+)[A-Z][a-z]{2}, [^"\r]*GMT/gi, 'DATE')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'UPSTREAM');
}

describe('requests mean the same over HTTP/1.1 and HTTP/2', { concurrency: 4, timeout: 600_000 }, () => {
  for (const row of ROWS) {
    it(row.what, async t => {
      const [one, two] = await Promise.all(
        [overHttp1, overHttp2.bind(undefined, t)].map(async ask => {
          const upstream = await RawUpstream.start(t, row.upstream ?? answering());
          upstream.toleratesMalformed = true;
          const clock = new FakeClock();
          const routes = [{ path: '/volume', to: upstream, ...row.route }];
          const proxy = await startProxy(t, 'wire', { routes, clock, settings: row.settings ?? {} });
          const pass = async (): Promise<void> => {
            if (row.passMs === undefined) return;
            await upstream.request(0);
            await clock.pass(row.passMs);
          };
          const { status, fields, body } = await ask(proxy, row, pass);
          const requests = upstream.requests.map(({ raw, body: sent }) => [
            raw.toLowerCase().split('\r\n').sort(),
            sent,
          ]);
          const [line] = await proxy.logged(1);
          const {
            reason,
            status: logged,
            host,
            service,
            bodyBytes,
            userAgent,
            referer,
            remoteUser,
            forwardedFor,
          } = line ?? {};
          const said = { reason, logged, host, service, bodyBytes, userAgent, referer, remoteUser, forwardedFor };
          return comparable(JSON.stringify({ status, fields, body, requests, said }, undefined, 1));
        }),
      );
      assert.equal(two, one);
    });
  }
});
