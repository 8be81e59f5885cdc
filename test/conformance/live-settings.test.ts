/** Contract sections 8 and 11: settings that change in a running instance hold from the next request, on open connections. */
import assert from 'node:assert/strict';
import type { Settings } from '../../src/settings/schema.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import type { RawClient, RawResponse } from '../support/raw-client.ts';
import { value } from '../support/raw-message.ts';
import { RawUpstream, type UpstreamRequest } from '../support/raw-upstream.ts';
import { startSilentListener } from '../support/silent-listener.ts';
import { conformance } from './suite.ts';

async function ask(client: RawClient, target: string, lines = '', body = ''): Promise<RawResponse> {
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
  const method = body === '' ? 'GET' : 'PUT';
  await client.send(`${method} ${target} HTTP/1.1\r\nHost: test\r\n${lines}${length}\r\n${body}`);
  return client.response();
}

function connectionOf({ headers }: RawResponse): string | undefined {
  return value(headers, 'connection');
}

conformance('live settings', ({ engine, test }) => {
  /** One connection that is open before and after: `before` the change, `after` it. */
  function changing(
    name: string,
    lines: string,
    seen: (request: UpstreamRequest) => unknown,
    change: Partial<Settings>,
    [before, after]: readonly [unknown, unknown],
    target = '/volume',
  ): void {
    test(`${name}: the next request on an open connection goes by the new value`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await ask(client, target, lines);
      proxy.changeSettings(change);
      await ask(client, target, lines);
      assert.deepEqual(upstream.requests.map(seen), [before, after]);
    });
  }

  changing(
    'trusted-proxies',
    'X-Forwarded-For: 192.0.2.7\r\n',
    request => request.header('x-real-ip'),
    { trustedProxies: ['127.0.0.0/8'] },
    ['127.0.0.1', '192.0.2.7'],
  );
  changing('underscores-in-headers', 'a_b: c\r\n', request => request.header('a_b'), { underscoresInHeaders: true }, [
    undefined,
    'c',
  ]);
  changing('merge-slashes', '', request => request.target, { mergeSlashes: false }, ['/a/b', '/a//b'], '/volume/a//b');

  test('upgrade-protocols: the next request on an open connection goes by the new value', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    for (const upgradeProtocols of [['websocket'], ['websocket', 'other']]) {
      proxy.changeSettings({ upgradeProtocols });
      const client = await proxy.connect();
      await ask(client, '/volume', 'Connection: Upgrade\r\nUpgrade: other\r\n');
    }
    assert.deepEqual(
      upstream.requests.map(request => request.header('upgrade')),
      [undefined, 'other'],
    );
  });

  test('client-max-body-size: the next body on an open connection is measured by the new value', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    assert.equal((await ask(client, '/volume', '', 'four')).status, 200);
    proxy.changeSettings({ clientMaxBodySize: 3 });
    assert.equal((await ask(client, '/volume', '', 'four')).status, 413);
  });

  test('keepalive-requests: an open connection that has had as many ends with its next answer', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const client = await proxy.connect();
    for (let count = 0; count < 3; count += 1) assert.equal(connectionOf(await ask(client, '/')), 'keep-alive');
    proxy.changeSettings({ keepaliveRequests: 2 });
    assert.equal(connectionOf(await ask(client, '/')), 'close');
    await client.closed();
  });

  test('keepalive-timeout: 0 ends an open connection with its next answer', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const client = await proxy.connect();
    assert.equal(connectionOf(await ask(client, '/')), 'keep-alive');
    proxy.changeSettings({ keepaliveTimeout: 0 });
    assert.equal(connectionOf(await ask(client, '/')), 'close');
    await client.closed();
  });

  test('keepalive-timeout: an open connection idles for the new time after its next answer', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const client = await proxy.connect();
    await ask(client, '/');
    proxy.changeSettings({ keepaliveTimeout: 100 });
    await ask(client, '/');
    assert.equal(await client.closed(), 'fin');
  });

  test('client-header-timeout: the next head on an open connection has the new time', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const client = await proxy.connect();
    await ask(client, '/');
    proxy.changeSettings({ clientHeaderTimeout: 200 });
    await client.send('GET / HTTP/1.1\r\nHost: te');
    assert.equal((await client.response()).status, 408);
  });

  test('client-body-timeout: the next body on an open connection has the new time', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await ask(client, '/volume');
    proxy.changeSettings({ clientBodyTimeout: 200 });
    await client.send('PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nfo');
    assert.equal((await client.response()).status, 408);
  });

  test('send-timeout: the next answer on an open connection must be read in the new time', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      const size = request.target === '/large' ? 32 << 20 : 0;
      await request.connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`, Buffer.alloc(size));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await ask(client, '/volume');
    proxy.changeSettings({ sendTimeout: 300 });
    client.pause();
    await client.send('GET /volume/large HTTP/1.1\r\nHost: test\r\n\r\n');
    await eventually('it is given up', () => proxy.counters.get('active') === 0);
  });

  test('proxy-send-timeout: the next upstream must read in the new time', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.pause());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await ask(client, '/nowhere');
    proxy.changeSettings({ proxySendTimeout: 300 });
    const size = 32 << 20;
    client.push(`PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${size}\r\n\r\n`);
    client.push(Buffer.alloc(size));
    assert.equal((await client.response()).status, 504);
  });

  test('proxy-connect-timeout: the next connection to an upstream has the new time', async t => {
    const to = await startSilentListener(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: [to] }] });
    const client = await proxy.connect();
    await ask(client, '/nowhere');
    proxy.changeSettings({ proxyConnectTimeout: 100 });
    assert.equal((await ask(client, '/volume')).status, 504);
  });

  test('worker-connections: beyond the new number connections are closed at once, open ones go on', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const [first, second] = [await proxy.connect(), await proxy.connect()];
    for (const client of [first, second]) await ask(client, '/');
    proxy.changeSettings({ workerConnections: 2 });
    await (await proxy.connectSilently()).closed();
    for (const client of [first, second]) assert.equal((await ask(client, '/')).status, 404);
    proxy.changeSettings({ workerConnections: 3 });
    assert.equal((await ask(await proxy.connect(), '/')).status, 404);
  });

  test('upstream-keepalive: 0 keeps no upstream connection after the next answer', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await ask(client, '/volume');
    await ask(client, '/volume');
    assert.equal(upstream.connections.length, 1);
    proxy.changeSettings({ upstreamKeepalive: 0 });
    await ask(client, '/volume');
    await upstream.connections[0]?.closed();
    assert.equal((await ask(client, '/volume')).status, 200);
    assert.equal(upstream.connections.length, 2);
  });

  test('access-log: the next line is in the new format, or is not written', async t => {
    const proxy = await startProxy(t, engine, { routes: [], settings: { accessLog: 'json' } });
    const client = await proxy.connect();
    await ask(client, '/json');
    await lines(proxy, 1);
    for (const accessLog of ['combined', 'off', 'json'] as const) {
      proxy.changeSettings({ accessLog });
      await ask(client, `/${accessLog}`);
    }
    const [first, second, third] = await lines(proxy, 3);
    assert.match(first ?? '', /^\{.*"GET \/json HTTP\/1\.1".*\}\n?$/);
    assert.match(second ?? '', /^127\.0\.0\.1 - - \[.*\] "GET \/combined HTTP\/1\.1" 404 /);
    assert.match(third ?? '', /^\{.*"GET \/json HTTP\/1\.1".*\}\n?$/);
  });
});

/** Waits for so many lines, whatever their format. */
async function lines(proxy: ProxyUnderTest, count: number): Promise<readonly string[]> {
  await eventually(`${count} lines`, () => proxy.logLines.length >= count);
  return proxy.logLines;
}
