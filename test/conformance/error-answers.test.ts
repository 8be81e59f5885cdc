/** Contract section 5: every answer that is made here. */
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { ERROR_PAGE, type ProxyDescription, startProxy } from '../support/proxy-under-test.ts';
import { value, values } from '../support/raw-message.ts';
import { NOBODY, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { startSilentListener } from '../support/silent-listener.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\nX-Request-ID: asked\r\n\r\n';

interface Answered {
  readonly what: string;
  readonly send?: string;
  readonly handler?: UpstreamHandler;
  readonly settings?: ProxyDescription['settings'];
  readonly noTable?: boolean;
  readonly status: number;
  readonly connection: 'keep-alive' | 'close';
  /** What cannot be tested with HEAD: the method or the body is the point. */
  readonly notHead?: boolean;
}

const silent: UpstreamHandler = () => {};
const soon = { proxyReadTimeout: 250 };

const ANSWERED: readonly Answered[] = [
  { what: 'no route', send: GET.replace('/volume', '/nowhere'), status: 404, connection: 'keep-alive' },
  { what: 'no table yet', noTable: true, status: 503, connection: 'keep-alive' },
  {
    what: 'an upstream that resets before a response',
    handler: request => request.connection.reset(),
    status: 502,
    connection: 'keep-alive',
  },
  {
    what: 'an upstream that closes before a response',
    handler: request => request.connection.finish(),
    status: 502,
    connection: 'keep-alive',
  },
  {
    what: 'an upstream that closes within its head',
    handler: request => request.connection.finish('HTTP/1.1 200 OK\r\nContent-Le'),
    status: 502,
    connection: 'keep-alive',
  },
  {
    what: 'an upstream that does not speak HTTP',
    handler: request => request.connection.finish('SSH-2.0-OpenSSH_9.2\r\n'),
    status: 502,
    connection: 'keep-alive',
  },
  { what: 'an upstream that never answers', handler: silent, settings: soon, status: 504, connection: 'keep-alive' },
  {
    what: 'an upstream that stops within its head',
    handler: request => request.connection.send('HTTP/1.1 200 OK\r\nContent-Le'),
    settings: soon,
    status: 504,
    connection: 'keep-alive',
  },
  { what: 'a malformed request', send: GET.replace('X-Request-ID', 'X Request-ID'), status: 400, connection: 'close' },
  {
    what: 'two hosts',
    send: GET.replace('Host: test', 'Host: test\r\nHost: test'),
    status: 400,
    connection: 'close',
  },
  {
    what: 'another transfer coding',
    send: 'POST /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    status: 501,
    connection: 'close',
    notHead: true,
  },
  { what: 'HTTP/2.0', send: GET.replace('HTTP/1.1', 'HTTP/2.0'), status: 505, connection: 'close' },
  { what: 'HTTP/3.0', send: GET.replace('HTTP/1.1', 'HTTP/3.0'), status: 505, connection: 'close' },
  {
    what: 'CONNECT',
    send: 'CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n',
    status: 405,
    connection: 'close',
    notHead: true,
  },
  { what: 'TRACE', send: GET.replace('GET', 'TRACE'), status: 405, connection: 'close', notHead: true },
  {
    what: 'a request line over 8 KiB',
    send: GET.replace('/volume', `/volume/${'x'.repeat(8192)}`),
    status: 414,
    connection: 'close',
  },
  {
    what: 'a header line over 8 KiB',
    send: GET.replace('\r\n\r\n', `\r\nX-A: ${'x'.repeat(8192)}\r\n\r\n`),
    status: 431,
    connection: 'close',
  },
  {
    what: 'a body over the limit',
    send: 'POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n01234567890',
    settings: { clientMaxBodySize: 10 },
    status: 413,
    connection: 'close',
    notHead: true,
  },
  {
    what: 'a head that does not end',
    send: 'GET /volume HTTP/1.1\r\nHost: te',
    // Those of its bytes that came must be read within it: a busy machine may stop this process for a while.
    settings: { clientHeaderTimeout: 1_000 },
    status: 408,
    connection: 'close',
    notHead: true,
  },
  {
    what: 'a body that does not end',
    send: 'POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n0123',
    settings: { clientBodyTimeout: 250 },
    status: 408,
    connection: 'close',
    notHead: true,
  },
];

conformance('error answers', ({ engine, test }) => {
  const start = async (t: Parameters<typeof RawUpstream.start>[0], { handler, settings, noTable }: Answered) => {
    const upstream = await RawUpstream.start(t, handler);
    const routes = noTable === true ? null : [{ path: '/volume', to: upstream }];
    return startProxy(t, engine, { routes, ...(settings && { settings }) });
  };

  for (const answered of ANSWERED) {
    const { what, send = GET, status, connection, notHead } = answered;
    test(`${what}: ${status}, connection ${connection}`, async t => {
      const proxy = await start(t, answered);
      const client = await proxy.connect();
      await client.send(send);
      const response = await client.response();
      assert.equal(response.status, status);
      assert.deepEqual(values(response.headers, 'connection'), [connection]);
      assert.equal(value(response.headers, 'content-type'), 'text/html');
      assert.deepEqual(values(response.headers, 'server'), []);
      // RFC 9110 section 15.5.6: 405 says what may be asked.
      const allowed = status === 405 ? ['GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] : [];
      assert.deepEqual(values(response.headers, 'allow'), allowed);
      assertRecent(value(response.headers, 'date'));
      const id = value(response.headers, 'x-request-id') ?? '';
      assert.match(id, /^(?:asked|[0-9a-f]{32})$/);
      const page = response.body;
      if ([500, 502, 503, 504].includes(status)) assert.equal(page, ERROR_PAGE);
      else assert.match(page, new RegExp(`<h1>.*${status}.*</h1>`));
      assert.ok(page.length < 1_000);
      if (connection === 'keep-alive') {
        await client.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n');
        await client.response();
      } else {
        client.end();
        await client.closed();
        assert.equal(client.unread, '');
      }
      const [line] = await proxy.logged(1);
      assert.equal(line?.status, status);
      assert.equal(line?.requestId, id);
    });

    if (notHead === true) continue;
    test(`${what}: ${status} for HEAD has no body`, async t => {
      const proxy = await start(t, answered);
      const client = await proxy.connect();
      await client.send(send.replace('GET', 'HEAD'));
      const response = await client.response({ head: true });
      assert.equal(response.status, status);
      if (connection === 'keep-alive') {
        await client.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n');
        await client.response();
      } else {
        client.end();
        await client.closed();
      }
      assert.equal(client.unread, '');
    });
  }

  test('an upstream that refuses: 502, and the connection is kept', async t => {
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: [NOBODY] }] });
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send(GET);
      const response = await client.response();
      assert.equal(response.status, 502);
      assert.equal(response.body, ERROR_PAGE);
      assert.equal(value(response.headers, 'connection'), 'keep-alive');
      assert.equal(value(response.headers, 'x-request-id'), 'asked');
    }
  });

  test('a connect that times out: 504 after the second try, and the connection is kept', async t => {
    const address = await startSilentListener(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: [address] }],
      settings: { proxyConnectTimeout: 250 },
    });
    const client = await proxy.connect();
    await client.send(GET);
    const response = await client.response();
    assert.equal(response.status, 504);
    assert.equal(response.body, ERROR_PAGE);
    assert.equal(value(response.headers, 'connection'), 'keep-alive');
    assert.equal(proxy.counters.get('connectsTimedOut'), 2);
    await client.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 404);
  });

  test('a route’s own connect timeout goes before the global one', async t => {
    const address = await startSilentListener(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: [address], overrides: { connectTimeoutMs: 200 } }],
      settings: { proxyConnectTimeout: 20_000 },
    });
    assert.equal((await proxy.get('/volume')).status, 504);
  });

  test('another error page serves from the next answer on', async t => {
    const proxy = await startProxy(t, engine, { routes: null });
    proxy.state.errorPage = 'other';
    assert.equal((await proxy.get('/volume')).body, 'other');
  });

  test('the body of a refused request is not read as the next one', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(
      'POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 33\r\n\r\nGET /volume/x HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /volume/y HTTP/1.1\r\nHost: test\r\n\r\n',
    );
    assert.equal((await client.response()).status, 404);
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.only.line, 'GET /y HTTP/1.1');
  });

  for (const [what, leave] of [
    ['with FIN', (client: { end(): void; destroy(): void }) => client.destroy()],
    ['with RST', (client: { reset(): void }) => client.reset()],
  ] as const) {
    test(`a client that goes ${what} before the answer is 499 in the log, and its upstream connection ends`, async t => {
      const upstream = await RawUpstream.start(t, silent);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(GET);
      const request = await upstream.request(0);
      leave(client);
      await request.connection.closed();
      const [line] = await proxy.logged(1);
      assert.equal(line?.status, 499);
      assert.equal(line?.upstreamStatus, 0);
      await eventually('no connection to be left', () => proxy.counters.get('active') === 0);
    });
  }

  test('a client that goes during the response keeps its status in the log', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhello'),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(GET);
    await client.head();
    client.reset();
    await upstream.only.connection.closed();
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 201);
  });

  test('a connection that says nothing is no request: nothing in the log', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const socket = createConnection(proxy.address);
    t.after(() => socket.destroy());
    await eventually('the connection to be accepted', () => proxy.counters.get('active') === 1);
    socket.destroy();
    await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
    assert.deepEqual(proxy.logLines, []);
  });
});

function assertRecent(date = ''): void {
  assert.match(date, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.ok(Math.abs(Date.parse(date) - Date.now()) < 60_000, date);
}
