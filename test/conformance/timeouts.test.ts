/** Contract section 7: how long this proxy waits, with settings far below their defaults. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';
const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

/** A limit that something else has to come before: long, since a busy machine may stop this process for a while. */
const BEATEN_MS = 1_000;
/** A limit that begins anew with each of eight bytes, which take longer than it in all. */
const RENEWED_MS = 1_400;
const BYTE_MS = 200;

conformance('timeouts', ({ engine, test }) => {
  test('client-header-timeout: a part of a head gets 408', async t => {
    const proxy = await startProxy(t, engine, { routes: [], settings: { clientHeaderTimeout: BEATEN_MS } });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: te');
    assert.equal((await client.response()).status, 408);
    await client.closed();
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 408);
  });

  test('client-header-timeout is for the whole head: a byte now and then does not extend it', async t => {
    const proxy = await startProxy(t, engine, { routes: [], settings: { clientHeaderTimeout: BEATEN_MS } });
    const client = await proxy.connect();
    const bytes = `GET /volume HTTP/1.1\r\nHost: test\r\nX-A: ${'x'.repeat(1_000)}`;
    for (const byte of bytes) {
      if (client.unread !== '' || !client.isOpen) break;
      await client.send(byte);
      await pause(20);
    }
    assert.equal((await client.response()).status, 408);
    await client.closed();
  });

  test('client-header-timeout: a connection that never sent a byte is just closed', async t => {
    const proxy = await startProxy(t, engine, { routes: [], settings: { clientHeaderTimeout: 300 } });
    const client = await proxy.connect();
    assert.equal(await client.closed(), 'fin');
    assert.equal(client.receivedBytes, 0);
    assert.deepEqual(proxy.logLines, []);
  });

  test('client-header-timeout begins anew with the next request', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientHeaderTimeout: BEATEN_MS },
    });
    const client = await proxy.connect();
    for (let count = 0; count < 4; count += 1) {
      if (count > 0) await pause(BEATEN_MS / 2);
      await client.send(GET);
      assert.equal((await client.response()).status, 200);
    }
  });

  test('client-header-timeout: a second request that does not come whole gets 408', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientHeaderTimeout: BEATEN_MS },
    });
    const client = await proxy.connect();
    await client.send(GET);
    assert.equal((await client.response()).status, 200);
    await client.send('GET /vol');
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
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { clientHeaderTimeout: 300, keepaliveTimeout: 300 },
      });
      const client = await proxy.connect();
      await client.send(`POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc${bytes}`);
      assert.equal((await client.response()).status, 200);
      await client.closed();
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
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientBodyTimeout: 300 },
    });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc');
    assert.equal((await client.response()).status, 408);
    await client.closed();
    await (await upstream.connection(0)).closed();
    assert.deepEqual(upstream.completeRequests, []);
  });

  test('client-body-timeout is between two reads: a slow body may take longer', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientBodyTimeout: RENEWED_MS },
    });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\n');
    for (const byte of 'slowbody') {
      await pause(BYTE_MS);
      await client.send(byte);
    }
    assert.equal((await client.response()).status, 200);
  });

  test('client-body-timeout once a response began: the connection is cut', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'),
    );
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientBodyTimeout: BEATEN_MS },
    });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc');
    assert.equal((await client.head()).status, 200);
    await client.closed();
    assert.doesNotMatch(client.unread, /408/);
  });

  test('proxy-read-timeout before the head: 504', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: 300 },
    });
    assert.equal((await proxy.get('/volume')).status, 504);
    await (await upstream.connection(0)).closed();
  });

  test('proxy-read-timeout within a body: the client’s response is cut', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    );
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: BEATEN_MS },
    });
    const client = await proxy.connect();
    await client.send(GET);
    const response = await client.responseOrCut();
    assert.equal(response.complete, false);
    assert.equal(response.body, 'hello');
    await upstream.only.connection.closed();
  });

  test('proxy-read-timeout is between two reads: a slow response may take longer', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n');
      for (const byte of 'slowbody') {
        await pause(BYTE_MS);
        await request.connection.send(byte);
      }
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: RENEWED_MS },
    });
    assert.equal((await proxy.get('/volume')).body, 'slowbody');
  });

  test('proxy-read-timeout does not run while the client still sends its body', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: RENEWED_MS },
    });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\n');
    for (const byte of 'slowbody') {
      await pause(BYTE_MS);
      await client.send(byte);
    }
    assert.equal((await client.response()).status, 200);
  });

  test('a route’s own read timeout goes before the global one', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await pause(600);
      await request.connection.send(answer());
    });
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/patient', to: upstream, overrides: { readTimeoutMs: 30_000 } },
        { path: '/hasty', to: upstream, overrides: { readTimeoutMs: 200 } },
      ],
      settings: { proxyReadTimeout: 300 },
    });
    const [patient, hasty] = await Promise.all([proxy.get('/patient'), proxy.get('/hasty')]);
    assert.equal(patient.status, 200);
    assert.equal(hasty.status, 504);
  });

  for (const [what, settings, overrides] of [
    ['proxy-send-timeout', { proxySendTimeout: 300 }, {}],
    ['a route’s own send timeout', {}, { sendTimeoutMs: 300 }],
  ] as const) {
    for (const slowness of [0, 700]) {
      const after = slowness === 0 ? '' : ', also after a client that was slow at first';
      test(`${what}: an upstream that stops reading a body is 504${after}`, async t => {
        const upstream = await RawUpstream.start(t, request => request.connection.pause());
        const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream, overrides }], settings });
        const client = await proxy.connect();
        const block = Buffer.alloc(1 << 20);
        const megabytes = 64;
        await client.send(`PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${megabytes << 20}\r\n\r\n`);
        await upstream.request(0);
        await pause(slowness);
        for (let count = 0; count < megabytes; count += 1) client.push(block);
        assert.equal((await client.response()).status, 504);
        const [line] = await proxy.logged(1);
        assert.equal(line?.status, 504);
      });
    }
  }

  test('send-timeout: a client that stops reading loses its connection, and so does the upstream', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      const block = Buffer.alloc(1 << 20);
      await request.connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${64 << 20}\r\n\r\n`);
      for (let count = 0; count < 64; count += 1) void request.connection.send(block);
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { sendTimeout: 300 },
    });
    const client = await proxy.connect();
    client.pause();
    await client.send(GET);
    await upstream.request(0);
    await upstream.only.connection.closed();
    await eventually('no connection to be left', () => proxy.counters.get('active') === 0);
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 200);
  });

  test('send-timeout does not run while the client has read everything and the upstream is the slow one', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${(32 << 20) + 4}\r\n\r\n`);
      await request.connection.send(Buffer.alloc(32 << 20));
      await pause(RENEWED_MS + 600);
      await request.connection.send('last');
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { sendTimeout: RENEWED_MS },
    });
    const client = await proxy.connect();
    // Long enough for the kernel's buffers to fill, so that the proxy has to wait for the client for a while.
    client.pause();
    await client.send(GET);
    await pause(200);
    client.resume();
    await client.head();
    await client.bytes(32 << 20);
    assert.equal(await client.bytes(4), 'last');
  });

  test('keepalive-timeout: an idle connection closes without a word', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { keepaliveTimeout: BEATEN_MS },
    });
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send(GET);
      assert.equal((await client.response()).status, 200);
    }
    assert.equal(await client.closed(), 'fin');
    assert.equal(client.unread, '');
    assert.equal(proxy.logLines.length, 2);
  });

  test('keepalive-timeout does not end a connection whose request is under way', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await pause(700);
      await request.connection.send(answer());
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { keepaliveTimeout: 200 },
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
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.response();
    proxy.changeSettings({ proxyReadTimeout: 300 });
    await client.send(GET);
    assert.equal((await client.response()).status, 504);
  });
});
