/** Contract section 7: how long this proxy waits, with settings far below their defaults. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FLOOD_BYTES, Flood } from '../support/flood.ts';
import { type ProxyKind, type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { startTimedProxy } from '../support/timed-proxy.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

/** The limit that a test is about. */
const LIMIT_MS = 4_000;
/** Two of them are longer than the limit, one is not. */
const PAUSE_MS = 3_000;
const PASSED_MS = 2 * LIMIT_MS;
const HEAD_LIMIT_MS = 1_000;
/** For a head, the engine node looks at no clock but node:http's own: the limit passes by itself, but this one does not. */
const NEVER_ON_NODE_MS = 60_000;

/** Lets the time for a head pass. */
async function headTakesTooLong(proxy: ProxyUnderTest, clock: FakeClock, engine: ProxyKind): Promise<void> {
  // node:http compares the limit of now with the time that really passed.
  if (engine === 'node') proxy.changeSettings({ clientHeaderTimeout: HEAD_LIMIT_MS });
  else await clock.pass(2 * NEVER_ON_NODE_MS);
}

conformance('timeouts', ({ engine, test }) => {
  test('client-header-timeout: a part of a head gets 408', async t => {
    const settings = { clientHeaderTimeout: NEVER_ON_NODE_MS };
    const { proxy, clock } = await startTimedProxy(t, engine, settings);
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: te');
    await eventually('it to be read', () => proxy.counters.get('reading') === 1);
    await headTakesTooLong(proxy, clock, engine);
    assert.equal((await client.response()).status, 408);
    await client.closed();
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 408);
  });

  test('client-header-timeout is for the whole head: a byte now and then does not extend it', async t => {
    const settings = { clientHeaderTimeout: engine === 'node' ? NEVER_ON_NODE_MS : HEAD_LIMIT_MS };
    const { proxy, clock } = await startTimedProxy(t, engine, settings);
    const client = await proxy.connect();
    const bytes = `GET /volume HTTP/1.1\r\nHost: test\r\nX-A: ${'x'.repeat(1_000)}`;
    for (const byte of bytes) {
      if (client.unread !== '' || !client.isOpen) break;
      await client.send(byte);
      if (engine === 'node') {
        await eventually('it to be read', () => proxy.counters.get('reading') === 1 || !client.isOpen);
        proxy.changeSettings({ clientHeaderTimeout: HEAD_LIMIT_MS });
        await delay(20);
      }
      await clock.pass(20);
    }
    assert.equal((await client.response()).status, 408);
    await client.closed();
  });

  test('client-header-timeout: a connection that never sent a byte is just closed', async t => {
    const { proxy, clock } = await startTimedProxy(t, engine, { clientHeaderTimeout: NEVER_ON_NODE_MS });
    const client = await proxy.connect();
    await eventually('it to be accepted', () => proxy.counters.get('active') === 1);
    await headTakesTooLong(proxy, clock, engine);
    assert.equal(await client.closed(), 'fin');
    assert.equal(client.receivedBytes, 0);
    assert.deepEqual(proxy.logLines, []);
  });

  test('client-header-timeout begins anew with the next request', async t => {
    const upstream = await RawUpstream.start(t);
    const { proxy, clock } = await startTimedProxy(t, engine, { clientHeaderTimeout: NEVER_ON_NODE_MS }, upstream);
    const client = await proxy.connect();
    for (let count = 0; count < 4; count += 1) {
      if (count > 0) await clock.pass(NEVER_ON_NODE_MS / 2);
      await client.send(GET);
      assert.equal((await client.response()).status, 200);
    }
  });

  test('client-header-timeout: a second request that does not come whole gets 408', async t => {
    const upstream = await RawUpstream.start(t);
    const { proxy, clock } = await startTimedProxy(t, engine, { clientHeaderTimeout: NEVER_ON_NODE_MS }, upstream);
    const client = await proxy.connect();
    await client.send(GET);
    assert.equal((await client.response()).status, 200);
    await client.send('GET /vol');
    await eventually('it to be read', () => proxy.counters.get('reading') === 1);
    await headTakesTooLong(proxy, clock, engine);
    assert.equal((await client.response()).status, 408);
    await client.closed();
  });

  for (const [what, bytes] of [
    ['an empty line', '\r\n'],
    ['half an empty line', '\r'],
    ['several empty lines', '\r\n\r\n\r'],
  ] as const) {
    test(`${what} behind a request begins none: the connection is just closed`, async t => {
      const upstream = await RawUpstream.start(t);
      const { proxy, clock } = await startTimedProxy(
        t,
        engine,
        { clientHeaderTimeout: NEVER_ON_NODE_MS, keepaliveTimeout: HEAD_LIMIT_MS },
        upstream,
      );
      const client = await proxy.connect();
      await client.send(`POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc${bytes}`);
      assert.equal((await client.response()).status, 200);
      await eventually('the connection to be closed', async () => {
        // Bytes that are read after the response begin the limit of an idle connection anew.
        await clock.pass(2 * HEAD_LIMIT_MS);
        return !client.isOpen;
      });
      assert.equal(client.unread, '');
      assert.deepEqual([proxy.logLines.length, proxy.counters.get('requests')], [1, 1]);
    });
  }

  test('a request behind an empty line that came alone is answered', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (const [before, behind] of [
      ['\r\n', ''],
      ['\r', '\n'],
      ['\r\n\r', '\n'],
    ] as const) {
      await client.send(before, behind + GET);
      assert.equal((await client.response()).status, 200);
    }
  });

  test('client-body-timeout: 408 when nothing was answered, and the upstream gets no whole request', async t => {
    const upstream = await RawUpstream.start(t);
    const { proxy, clock } = await startTimedProxy(t, engine, { clientBodyTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc');
    await (await upstream.request(0)).bodyBytes(3);
    await clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 408);
    await client.closed();
    await (await upstream.connection(0)).closed();
    assert.deepEqual(upstream.completeRequests, []);
  });

  test('client-body-timeout is between two reads: a slow body may take longer', async t => {
    const upstream = await RawUpstream.start(t);
    const { proxy, clock } = await startTimedProxy(t, engine, { clientBodyTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\n');
    const request = await upstream.request(0);
    for (const [index, byte] of [...'slowbody'].entries()) {
      await clock.pass(PAUSE_MS);
      await client.send(byte);
      await request.bodyBytes(index + 1);
    }
    assert.equal((await client.response()).status, 200);
  });

  test('client-body-timeout once a response began: the connection is cut', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'),
    );
    const { proxy, clock } = await startTimedProxy(t, engine, { clientBodyTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc');
    assert.equal((await client.head()).status, 200);
    await clock.pass(PASSED_MS);
    await client.closed();
    assert.doesNotMatch(client.unread, /408/);
  });

  test('proxy-read-timeout before the head: 504', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send(GET);
    await upstream.request(0);
    await clock.pass(PAUSE_MS);
    assert.equal(client.unread, '');
    await clock.pass(PAUSE_MS);
    assert.equal((await client.response()).status, 504);
    await (await upstream.connection(0)).closed();
  });

  test('proxy-read-timeout within a body: the client’s response is cut', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    );
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send(GET);
    await client.head();
    assert.equal(await client.bytes(5), 'hello');
    await clock.pass(PASSED_MS);
    await client.closed();
    assert.equal(client.unread, '');
    await upstream.only.connection.closed();
  });

  test('proxy-read-timeout is between two reads: a slow response may take longer', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n'),
    );
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send(GET);
    await upstream.request(0);
    for (const [index, byte] of [...'slowbody'].entries()) {
      await clock.pass(PAUSE_MS);
      await upstream.only.connection.send(byte);
      await eventually('it to come', () => client.unread.endsWith('slowbody'.slice(0, index + 1)));
    }
    assert.equal((await client.response()).body, 'slowbody');
  });

  test('proxy-read-timeout does not run while the client still sends its body', async t => {
    const upstream = await RawUpstream.start(t);
    const { proxy, clock } = await startTimedProxy(t, engine, { proxyReadTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\n');
    const request = await upstream.request(0);
    for (const [index, byte] of [...'slowbody'].entries()) {
      await clock.pass(PAUSE_MS);
      await client.send(byte);
      await request.bodyBytes(index + 1);
    }
    assert.equal((await client.response()).status, 200);
  });

  test('a route’s own read timeout goes before the global one', async t => {
    const clock = new FakeClock();
    const upstream = await RawUpstream.start(t, () => {});
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/patient', to: upstream, overrides: { readTimeoutMs: 3 * LIMIT_MS } },
        { path: '/hasty', to: upstream, overrides: { readTimeoutMs: LIMIT_MS / 4 } },
      ],
      settings: { proxyReadTimeout: LIMIT_MS },
      clock,
    });
    const patient = proxy.get('/patient');
    const { connection } = await upstream.request(0);
    const hasty = proxy.get('/hasty');
    await upstream.request(1);
    await clock.pass(LIMIT_MS / 2);
    assert.equal((await hasty).status, 504);
    await clock.pass(PASSED_MS);
    await connection.send(answer());
    assert.equal((await patient).status, 200);
  });

  for (const [what, settings, overrides] of [
    ['proxy-send-timeout', { proxySendTimeout: LIMIT_MS }, {}],
    ['a route’s own send timeout', {}, { sendTimeoutMs: LIMIT_MS }],
  ] as const) {
    for (const slowness of [0, PASSED_MS]) {
      const after = slowness === 0 ? '' : ', also after a client that was slow at first';
      test(`${what}: an upstream that stops reading a body is 504${after}`, async t => {
        const clock = new FakeClock();
        const upstream = await RawUpstream.start(t, request => request.connection.pause());
        const routes = [{ path: '/volume', to: upstream, overrides }];
        const proxy = await startProxy(t, engine, { routes, settings, clock });
        const client = await proxy.connect();
        await client.send(`PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${FLOOD_BYTES}\r\n\r\n`);
        await upstream.request(0);
        await clock.pass(slowness);
        const flood = new Flood();
        void flood.run(block => client.send(block));
        await flood.heldBack();
        await clock.pass(PASSED_MS);
        assert.equal((await client.response()).status, 504);
        const [line] = await proxy.logged(1);
        assert.equal(line?.status, 504);
      });
    }
  }

  test('send-timeout: a client that stops reading loses its connection, and so does the upstream', async t => {
    const flood = new Flood();
    const upstream = await RawUpstream.start(t, request => flood.answer(request));
    const { proxy, clock } = await startTimedProxy(t, engine, { sendTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    client.pause();
    await client.send(GET);
    await flood.heldBack();
    await clock.pass(PASSED_MS);
    // What waits to be encrypted goes out later than it is written: the limit may begin anew once.
    if (engine === 'wire on TLS') await clock.pass(PASSED_MS);
    await upstream.only.connection.closed();
    await eventually('no connection to be left', () => proxy.counters.get('active') === 0);
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 200);
  });

  test('send-timeout does not run while the client has read everything and the upstream is the slow one', async t => {
    const flood = new Flood();
    const upstream = await RawUpstream.start(t, request => flood.answer(request, 4));
    const { proxy, clock } = await startTimedProxy(t, engine, { sendTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    client.pause();
    await client.send(GET);
    await flood.heldBack();
    client.resume();
    await client.head();
    await client.bytes(FLOOD_BYTES);
    await clock.pass(PASSED_MS);
    await upstream.only.connection.send('last');
    assert.equal(await client.bytes(4), 'last');
  });

  test('keepalive-timeout: an idle connection closes without a word', async t => {
    const upstream = await RawUpstream.start(t);
    const { proxy, clock } = await startTimedProxy(t, engine, { keepaliveTimeout: LIMIT_MS }, upstream);
    const client = await proxy.connect();
    for (let count = 0; count < 3; count += 1) {
      if (count > 0) await clock.pass(PAUSE_MS);
      await client.send(GET);
      assert.equal((await client.response()).status, 200);
    }
    await clock.pass(PASSED_MS);
    assert.equal(await client.closed(), 'fin');
    assert.equal(client.unread, '');
    assert.equal(proxy.logLines.length, 3);
  });

  test('keepalive-timeout does not end a connection whose request is under way', async t => {
    const clock = new FakeClock();
    const upstream = await RawUpstream.start(t, async request => {
      await clock.pass(PASSED_MS);
      await request.connection.send(answer());
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { keepaliveTimeout: LIMIT_MS },
      clock,
    });
    assert.equal((await proxy.get('/volume')).status, 200);
  });

  test('keepalive-timeout 0s closes after each response', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { keepaliveTimeout: 0 },
    });
    const client = await proxy.connect();
    await client.send(GET);
    const response = await client.response();
    assert.deepEqual(
      response.headers.filter(([name]) => name.toLowerCase() === 'connection'),
      [['Connection', 'close']],
    );
    assert.equal(await client.closed(), 'fin');
  });

  test('changed timeouts hold for connections that are open', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const { proxy, clock } = await startTimedProxy(t, engine, {}, upstream);
    const client = await proxy.connect();
    await client.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.response();
    proxy.changeSettings({ proxyReadTimeout: LIMIT_MS });
    await client.send(GET);
    await upstream.request(0);
    await clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 504);
  });
});
