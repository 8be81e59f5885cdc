/** Contract section 4: Upgrade. A websocket becomes a tunnel; anything else must not carry requests past the routing. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { BlockTotals } from '../../src/observe/counters.ts';
import { eventually } from '../support/eventually.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { value, values } from '../support/raw-message.ts';
import { answer, answering, NOBODY, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { startTimedProxy } from '../support/timed-proxy.ts';
import { conformance } from './suite.ts';

const OPEN_MS = 500;
const IDLE_MS = 4_000;

const HANDSHAKE =
  'GET /volume/chat HTTP/1.1\r\nHost: test\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** Agrees to every upgrade and leaves the tunnel to the test. @param first bytes sent right behind the 101 */
function switching(first = ''): UpstreamHandler {
  return async request => {
    request.connection.tunnel();
    await request.connection.send(SWITCHING + first);
  };
}

conformance('upgrade', ({ engine, test }) => {
  test('a websocket handshake reaches the upstream, and its 101 the client', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    const response = await client.response();
    assert.equal(response.status, 101);
    assert.equal(value(response.headers, 'upgrade')?.toLowerCase(), 'websocket');
    assert.equal(value(response.headers, 'connection')?.toLowerCase(), 'upgrade');
    assert.equal(value(response.headers, 'sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    const request = upstream.only;
    assert.equal(request.line, 'GET /chat HTTP/1.1');
    assert.equal(request.header('upgrade')?.toLowerCase(), 'websocket');
    assert.equal(request.header('connection')?.toLowerCase(), 'upgrade');
    assert.equal(request.header('sec-websocket-key'), 'dGhlIHNhbXBsZSBub25jZQ==');
    assert.equal(request.header('x-real-ip'), '127.0.0.1');
    assert.equal(request.header('x-forwarded-prefix'), '/volume');
  });

  test('how long a tunnel stays open is in the log, and not in the latencies', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    await client.response();
    await delay(OPEN_MS);
    client.destroy();
    const [line] = await proxy.logged(1);
    const totals = new BlockTotals();
    proxy.counters.addBlockTo(totals, 1);
    for (const { buckets, sum } of [totals.requestSeconds(), totals.upstreamSeconds()]) {
      assert.equal(
        buckets.reduce((all, own) => all + own, 0),
        1,
      );
      // What is left of the log's time is that of the tunnel.
      assert.ok((line?.durationMs ?? 0) - sum * 1000 > OPEN_MS - 50, `${line?.durationMs} ms, ${sum} s`);
    }
  });

  test('a handshake that the upstream refuses leaves the connection for further requests', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('no')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    const response = await client.response();
    assert.deepEqual([response.status, response.body], [200, 'no']);
    assert.deepEqual(values(response.headers, 'connection'), ['keep-alive']);
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
  });

  test('a 101 has no length', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      request.connection.tunnel();
      await request.connection.send(SWITCHING.replace('\r\n\r\n', '\r\nContent-Length: 5\r\nX-A: 1\r\n\r\n'));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    const { status, headers } = await client.head();
    assert.equal(status, 101);
    assert.deepEqual([values(headers, 'content-length'), values(headers, 'x-a')], [[], ['1']]);
  });

  test('bytes go both ways unchanged, requests among them', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    await client.response();
    const { connection } = upstream.only;
    const up = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n\x00\xff';
    await client.send(up);
    assert.equal(await connection.tunnelBytes(up.length), up);
    const down = 'HTTP/1.1 200 OK\r\n\r\n\x00\xff';
    await connection.send(down);
    assert.equal(await client.bytes(down.length), down);
  });

  test('bytes sent right behind the handshake and right behind the 101 are not lost', async t => {
    const upstream = await RawUpstream.start(t, switching('early down'));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(`${HANDSHAKE}early up`);
    assert.equal((await client.response()).status, 101);
    assert.equal(await client.bytes(10), 'early down');
    assert.equal(await (await upstream.connection(0)).tunnelBytes(8), 'early up');
  });

  test('a megabyte goes each way', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    await client.response();
    const bytes = 'abcdefghijklmnop'.repeat(1 << 16);
    await Promise.all([client.send(bytes), upstream.only.connection.send(bytes)]);
    assert.ok((await client.bytes(bytes.length)) === bytes, 'what the client got differs');
    assert.ok((await upstream.only.connection.tunnelBytes(bytes.length)) === bytes, 'what the upstream got differs');
  });

  test('when the upstream ends the tunnel, the client sees what came before, and the end', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    await client.response();
    upstream.only.connection.finish('bye');
    assert.equal(await client.bytes(3), 'bye');
    assert.equal(await client.closed(), 'fin');
  });

  test('when the client ends the tunnel, the upstream sees what came before, and the end', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    await client.response();
    await client.send('bye');
    client.end();
    assert.equal(await upstream.only.connection.tunnelBytes(3), 'bye');
    await upstream.only.connection.closed();
  });

  test('a broken tunnel ends on both sides', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const [one, other] = [await proxy.connect(), await proxy.connect()];
    await one.send(HANDSHAKE);
    await one.response();
    one.reset();
    await (await upstream.connection(0)).closed();
    await other.send(HANDSHAKE);
    await other.response();
    (await upstream.connection(1)).reset();
    await other.closed();
    await eventually('no connection to be left', () => proxy.counters.get('active') === 0);
  });

  test('a tunnel without traffic ends after proxy-read-timeout', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: IDLE_MS }, upstream);
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    assert.equal((await client.response()).status, 101);
    await clock.pass(2 * IDLE_MS);
    await client.closed();
    await upstream.only.connection.closed();
  });

  test('traffic in one direction keeps a tunnel open', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: IDLE_MS }, upstream);
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    await client.response();
    for (const sent of ['s', 'sl', 'slo', 'slow']) {
      await clock.pass(0.75 * IDLE_MS);
      await client.send(sent.slice(-1));
      assert.equal(await upstream.only.connection.tunnelBytes(sent.length), sent);
    }
    assert.equal(client.isOpen, true);
  });

  test('an upstream that refuses the upgrade is heard, and the connection goes on', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('no', '', '403 Forbidden')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    const response = await client.response();
    assert.equal(response.status, 403);
    assert.equal(response.body, 'no');
    if (value(response.headers, 'connection') === 'close') {
      await client.closed();
    } else {
      await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal((await client.response()).status, 403);
    }
  });

  test('an unreachable upstream of a websocket is 502, not silence', async t => {
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: [NOBODY] }] });
    const response = await proxy.exchange(HANDSHAKE);
    assert.equal(response.status, 502);
  });

  test('no route is 404 for a websocket too', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    assert.equal((await proxy.exchange(HANDSHAKE)).status, 404);
  });

  test('a websocket handshake is held to the same rules as any request', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/', to: upstream }] });
    const response = await proxy.exchange(HANDSHAKE.replace('Host: test', 'Host: a\r\nHost: b'));
    assert.equal(response.status, 400);
    assert.equal(upstream.connections.length, 0);
  });

  const PLAIN: readonly (readonly [what: string, headers: string])[] = [
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'],
    ['h2c without HTTP2-Settings', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'],
    ['another protocol', 'Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n'],
    ['an empty Upgrade', 'Connection: Upgrade\r\nUpgrade:\r\n'],
    ['Upgrade that Connection does not name', 'Connection: keep-alive\r\nUpgrade: websocket\r\n'],
    ['Upgrade without Connection', 'Upgrade: websocket\r\n'],
    ['Connection: upgrade without Upgrade', 'Connection: upgrade\r\n'],
  ];
  for (const [what, headers] of PLAIN) {
    test(`${what} is dropped, and the request goes on as plain HTTP`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      for (let count = 0; count < 2; count += 1) assert.equal((await proxy.get('/volume', headers)).status, 200);
      for (const request of upstream.requests) {
        for (const name of ['upgrade', 'http2-settings', 'connection']) {
          assert.deepEqual(values(request.headers, name), [], name);
        }
      }
    });
  }

  for (const [what, headers] of PLAIN) {
    test(`a request pipelined behind ${what} is answered, or the connection closes: it is not lost in silence`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(
        `GET /volume/1 HTTP/1.1\r\nHost: test\r\n${headers}\r\nGET /volume/2 HTTP/1.1\r\nHost: test\r\n\r\n`,
      );
      const first = await client.response();
      assert.equal(first.status, 200);
      if (value(first.headers, 'connection') === 'close') {
        client.end();
        await client.closed();
        assert.equal(client.unread, '');
        assert.equal(upstream.requests.length, 1);
      } else {
        assert.equal((await client.response()).status, 200);
        assert.equal(upstream.requests[1]?.target, '/2');
      }
    });
  }

  test('of several protocols only the ones allowed are asked for', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.get('/volume', 'Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n');
    assert.equal(response.status, 200);
    assert.doesNotMatch(values(upstream.only.headers, 'upgrade').join(), /h2c/i);
  });

  test('an HTTP/1.0 request is never upgraded', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange(HANDSHAKE.replace('HTTP/1.1', 'HTTP/1.0'));
    assert.equal(response.status, 200);
    assert.deepEqual(values(upstream.only.headers, 'upgrade'), []);
  });

  test('a body keeps its boundaries in a request that asks for an upgrade', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange(
      'POST /volume HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 16\r\n\r\nGET /x HTTP/1.1\n',
    );
    assert.equal(response.status, 200);
    assert.equal(upstream.only.body, 'GET /x HTTP/1.1\n');
  });

  test('upgrade-protocols names further protocols', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      request.connection.tunnel();
      await request.connection.send(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo/2\r\nConnection: Upgrade\r\n\r\nhi',
      );
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { upgradeProtocols: ['websocket', 'foo/2'] },
    });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: foo/2\r\n\r\n');
    assert.equal((await client.response()).status, 101);
    assert.equal(await client.bytes(2), 'hi');
    assert.equal(upstream.only.header('upgrade'), 'foo/2');
  });

  for (const [setting, asked, agreed] of [
    ['SPDY/3.1', 'SPDY/3.1', 'SPDY/3.1'],
    ['WebSocket', 'websocket', 'WebSocket'],
    ['websocket', 'WEBSOCKET', 'websocket'],
  ] as const) {
    test(`upgrade-protocols ${setting} allows ${asked}, for a POST with an empty body, too`, async t => {
      const upstream = await RawUpstream.start(t, async request => {
        request.connection.tunnel();
        await request.connection.send(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${agreed}\r\nConnection: Upgrade\r\n\r\nhi`,
        );
      });
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { upgradeProtocols: [setting] },
      });
      const client = await proxy.connect();
      await client.send(
        `POST /volume HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: ${asked}\r\nContent-Length: 0\r\n\r\n`,
      );
      assert.equal((await client.response()).status, 101);
      assert.equal(await client.bytes(2), 'hi');
      assert.equal(upstream.only.header('upgrade'), asked);
    });
  }

  test('426 says what it requires, and Connection names it', async t => {
    const required = answer('', 'Upgrade: websocket\r\nConnection: Upgrade\r\n', '426 Upgrade Required');
    const upstream = await RawUpstream.start(t, answering(required));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.get('/volume');
    assert.equal(response.status, 426);
    assert.deepEqual(values(response.headers, 'upgrade'), ['websocket']);
    assert.match(values(response.headers, 'connection').join(), /keep-alive, *upgrade/i);
  });

  test('the Upgrade of any other answer is for this hop only', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('', 'Upgrade: h2c\r\nConnection: Upgrade\r\n')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    assert.deepEqual(values((await proxy.get('/volume')).headers, 'upgrade'), []);
  });

  for (const [what, behind] of [
    ['a handshake', HANDSHAKE],
    ['a CONNECT', 'CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n'],
    ['a request', 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n'],
  ] as const) {
    for (const leave of ['end', 'reset'] as const) {
      test(`${what} behind a request whose client leaves (${leave}) is not begun`, async t => {
        const upstream = await RawUpstream.start(t, request =>
          request.target === '/slow' ? undefined : request.connection.send(answer('fine')),
        );
        const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
        const client = await proxy.connect();
        await client.send(`GET /volume/slow HTTP/1.1\r\nHost: test\r\n\r\n${behind}`);
        await eventually('the first request', () => upstream.requests.length === 1);
        client[leave]();
        const [line] = await proxy.logged(1);
        assert.equal(line?.status, 499);
        await eventually('the end of the connection', () => proxy.counters.get('active') === 0);
        assert.equal((await proxy.get('/volume')).status, 200);
        assert.equal(upstream.requests.length, 2);
      });
    }
  }

  test('a tunnel is in the log as 101 when it has ended', async t => {
    const upstream = await RawUpstream.start(t, switching());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(HANDSHAKE);
    await client.response();
    upstream.only.connection.finish('bye');
    await client.closed();
    client.end();
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 101);
    assert.equal(line?.requestLine, 'GET /volume/chat HTTP/1.1');
  });
});
