/** Both directions of a stream are coupled to its client, and no stream holds up another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, still } from '../../../support/eventually.ts';
import { Http2Client } from '../../../support/http2-client.ts';
import { getFields } from '../../../support/http2-fields.ts';
import { settings } from '../../../support/http2-frames.ts';
import { startProxy } from '../../../support/proxy-under-test.ts';
import { answeringHttp2, RawHttp2Upstream } from '../../../support/raw-http2-upstream.ts';

const [HEADERS, SETTINGS, WINDOW_UPDATE] = [1, 4, 8];
const INITIAL_WINDOW_SIZE = 4;
const STREAM_WINDOW = 64 * 1024;

/** What the proxy has let the upstream send on a stream. */
function grantedOn(upstream: RawHttp2Upstream, streamId: number): number {
  const updates = upstream.connections[0]?.frames.filter(
    one => one.type === WINDOW_UPDATE && one.streamId === streamId,
  );
  return (updates ?? []).reduce((sum, { payload }) => sum + payload.readUInt32BE(0), STREAM_WINDOW);
}

function hasOpenedStream({ frames }: RawHttp2Upstream['connections'][number]): boolean {
  return frames.some(({ type, streamId }) => type === WINDOW_UPDATE && streamId > 0);
}

/** The value that a setting has in the payload of a SETTINGS frame. */
function settingIn(payload: Buffer, id: number): number {
  for (let at = 0; at < payload.length; at += 6)
    if (payload.readUInt16BE(at) === id) return payload.readUInt32BE(at + 2);
  return 65_535;
}

describe('flow control to upstreams', { concurrency: true }, () => {
  it('a client that does not read stops its stream, and no other on the connection', async t => {
    const upstream = await RawHttp2Upstream.start(t, () => undefined);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
    const slow = await proxy.connect();
    slow.pause();
    slow.push('GET /v/slow HTTP/1.1\r\nHost: test\r\n\r\n');
    const request = await upstream.request(0);
    request.head(200);
    let sent = 0;
    const sending = setInterval(() => {
      for (; grantedOn(upstream, 1) - sent >= 16_384; sent += 16_384) request.data(Buffer.alloc(16_384, 'x'));
    }, 1);
    t.after(() => clearInterval(sending));
    const stopped = await still('the upstream to be held back', () => sent);
    const fast = proxy.get('/v/fast');
    const other = await upstream.request(1);
    other.head(200);
    for (let count = 0; count < 3; count += 1) other.data(Buffer.alloc(16_384, 'y'));
    other.data('', true);
    assert.equal((await fast).body.length, 3 * 16_384);
    assert.equal(upstream.connections.length, 1);
    assert.equal(sent, stopped);
    slow.resume();
    await eventually('the upstream to go on', () => sent > stopped + 4 * STREAM_WINDOW);
  });

  it('a thousand responses that nobody takes keep 64 KiB each at most, and their upstream is held back', async t => {
    const upstream = await RawHttp2Upstream.start(t, request => {
      request.head(200);
      const { connection } = request;
      // As much as the proxy's settings allow before it opens the window further.
      const window = connection.frames.find(({ type }) => type === SETTINGS)?.payload;
      const allowed = window === undefined ? 0 : settingIn(window, INITIAL_WINDOW_SIZE);
      for (let sent = 0; sent < allowed; sent += 16_384)
        request.data(Buffer.alloc(Math.min(16_384, allowed - sent), 'x'));
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
    const takesNothing = { settings: [[INITIAL_WINDOW_SIZE, 0]], keepsWindows: true } as const;
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => Http2Client.connect(t, proxy.address, takesNothing)),
    );
    for (const client of clients) for (let count = 0; count < 100; count += 1) client.request(getFields('/v'), '');
    for (const client of clients)
      await client.until('all heads', () => (client.ofType(HEADERS).length === 100 ? true : undefined));
    const kept = await still('what is kept', () => proxy.keptBytes);
    assert.ok(kept <= 1_000 * STREAM_WINDOW, `${kept} bytes`);
    assert.equal(upstream.requests.length, 1_000);
    const opened = upstream.connections.flatMap(({ frames }) =>
      frames.filter(({ type, streamId }) => type === WINDOW_UPDATE && streamId > 0),
    );
    assert.deepEqual(opened, []);
    // A stream goes on, and no other.
    const [client] = clients;
    client?.windowUpdate(0, STREAM_WINDOW);
    client?.windowUpdate(1, STREAM_WINDOW);
    await eventually('one window to open', () => upstream.connections.some(hasOpenedStream));
    assert.equal(upstream.connections.filter(hasOpenedStream).length, 1);
  });

  it('a connection to an upstream has a hundred streams at most', async t => {
    const upstream = await RawHttp2Upstream.start(t, request => request.head(200));
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
    for (const _ of [1, 2]) {
      const client = await Http2Client.connect(t, proxy.address);
      for (let count = 0; count < 75; count += 1) client.request(getFields('/v'), '');
    }
    await eventually('all requests', () => upstream.requests.length === 150);
    assert.deepEqual(
      upstream.connections.map(({ requests }) => requests.size).sort((a, b) => b - a),
      [100, 50],
    );
  });

  it('a body waits for the window of its stream, and the client waits with it', async t => {
    const upstream = await RawHttp2Upstream.start(t, () => undefined);
    upstream.settings = settings([INITIAL_WINDOW_SIZE, 10]);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
    // The settings of the upstream come with its first answer.
    const first = proxy.get('/v');
    (await upstream.request(0)).head(200, [], true);
    await first;
    const client = await proxy.connect();
    await client.send(`POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 4000000\r\n\r\n${'x'.repeat(1_000)}`);
    const request = await upstream.request(1);
    assert.equal((await request.bodyBytes(10)).length, 10);
    client.push('x'.repeat(3_999_000));
    request.connection.windowUpdate(request.streamId, 5);
    assert.equal((await request.bodyBytes(15)).length, 15);
    await still('the client to be held back', () => proxy.counters.get('active'));
    assert.equal(request.body.length, 15);
    const feeding = setInterval(() => {
      request.connection.windowUpdate(request.streamId, 65_535);
      request.connection.windowUpdate(0, 65_535);
    }, 1);
    t.after(() => clearInterval(feeding));
    await request.whole();
    assert.equal(request.body, 'x'.repeat(4_000_000));
  });

  it('windows that shrink below what was sent already open again', async t => {
    const upstream = await RawHttp2Upstream.start(t, () => undefined);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
    const client = await proxy.connect();
    await client.send(`POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 300\r\n\r\n${'a'.repeat(100)}`);
    const request = await upstream.request(0);
    await request.bodyBytes(100);
    const SETTINGS = 4;
    request.connection.send(SETTINGS, 0, 0, settings([INITIAL_WINDOW_SIZE, 50]));
    await request.connection.frame(
      'the settings to be acknowledged',
      ({ type, flags }) => type === SETTINGS && flags === 1,
    );
    await client.send('b'.repeat(200));
    request.connection.windowUpdate(request.streamId, 60);
    assert.equal((await request.bodyBytes(110)).length, 110, '50 - 100 + 60');
    request.connection.send(SETTINGS, 0, 0, settings([INITIAL_WINDOW_SIZE, 1_000]));
    await request.whole();
    assert.equal(request.body, 'a'.repeat(100) + 'b'.repeat(200));
    request.head(200, [], true);
    assert.equal((await client.response()).status, 200);
  });

  it('streams that wait for the window of the connection share it', async t => {
    const upstream = await RawHttp2Upstream.start(t, () => undefined);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
    const clients = await Promise.all([proxy.connect(), proxy.connect(), proxy.connect()]);
    for (const [index, client] of clients.entries()) {
      client.push(`POST /v/${index} HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(60_000)}`);
      await upstream.request(index);
    }
    const bodies = (): number[] => upstream.requests.map(({ body }) => body.length);
    await eventually('the window to be used up', () => bodies().reduce((sum, size) => sum + size, 0) === 65_535);
    const before = bodies();
    upstream.connections[0]?.windowUpdate(0, 65_536);
    await eventually('the new window to be used up', () => bodies().reduce((sum, size) => sum + size, 0) === 131_071);
    const grew = bodies().map((size, index) => size - (before[index] ?? 0));
    assert.ok(grew.filter(size => size > 0).length >= 2, `only one of them went on: ${grew}`);
    upstream.connections[0]?.windowUpdate(0, 100_000);
    await Promise.all(upstream.requests.map(request => request.whole()));
  });

  it('padding counts for the windows, and is no data', async t => {
    const upstream = await RawHttp2Upstream.start(t, async request => {
      request.head(200);
      for (let count = 0; count < 1_000; count += 1) {
        request.connection.send(
          0,
          8,
          request.streamId,
          Buffer.concat([Buffer.from([200]), Buffer.from('abc'), Buffer.alloc(200)]),
        );
        if (count % 100 === 99)
          await eventually('window', () => grantedOn(upstream, request.streamId) - (count + 1) * 204 > 30_000);
      }
      request.data('', true);
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
    assert.equal((await proxy.get('/v')).body, 'abc'.repeat(1_000));
    assert.equal((await proxy.get('/v')).body, 'abc'.repeat(1_000));
    void answeringHttp2;
  });
});
