/** Contract section 11, at the engine: what is under way is finished, everything else ends. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { value } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

conformance('drain', ({ engine, test }) => {
  test('without a shutdown delay idle connections close at once, and drain() returns', async t => {
    const upstream = await RawUpstream.start(t);
    const settings = { shutdownDelay: 0 };
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }], settings });
    const [silent, kept] = [await proxy.connect(), await proxy.connect()];
    await kept.send(GET);
    await kept.response();
    await eventually('both to be waiting', () => proxy.counters.get('waiting') === 2);
    await proxy.engine.drain();
    assert.equal(await silent.closed(), 'fin');
    assert.equal(await kept.closed(), 'fin');
    assert.equal(kept.unread + silent.unread, '');
  });

  test('an idle connection has its next request answered, with Connection: close', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const [silent, kept] = [await proxy.connect(), await proxy.connect()];
    await kept.send(GET);
    assert.equal(value((await kept.response()).headers, 'connection'), 'keep-alive');
    await eventually('both to be waiting', () => proxy.counters.get('waiting') === 2);
    const drained = proxy.engine.drain();
    for (const client of [silent, kept]) {
      await client.send(GET);
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.equal(value(response.headers, 'connection'), 'close');
      assert.equal(await client.closed(), 'fin');
      client.end();
    }
    await drained;
  });

  test('an idle connection that stays silent for another shutdown delay is closed', async t => {
    const upstream = await RawUpstream.start(t);
    const settings = { shutdownDelay: 300 };
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }], settings });
    const [silent, kept] = [await proxy.connect(), await proxy.connect()];
    await kept.send(GET);
    await kept.response();
    await eventually('both to be waiting', () => proxy.counters.get('waiting') === 2);
    await proxy.engine.drain();
    assert.equal(await silent.closed(), 'fin');
    assert.equal(await kept.closed(), 'fin');
    assert.equal(kept.unread + silent.unread, '');
  });

  test('no connection is accepted any more', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    await proxy.engine.drain();
    await assert.rejects(RawClient.connect(proxy.address), { code: 'ECONNREFUSED' });
  });

  test('a request under way is answered with Connection: close', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(GET);
    const request = await upstream.request(0);
    let ended = false;
    const drained = proxy.engine.drain().then(() => {
      ended = true;
    });
    await request.connection.send(answer('in time'));
    assert.equal(ended, false);
    const response = await client.response();
    assert.equal(response.body, 'in time');
    assert.equal(value(response.headers, 'connection'), 'close');
    assert.equal(await client.closed(), 'fin');
    client.end();
    await drained;
    await request.connection.closed();
  });

  test('a request whose body is still coming is finished', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab');
    await upstream.request(0);
    const drained = proxy.engine.drain();
    await client.send('cd');
    assert.equal(value((await client.response()).headers, 'connection'), 'close');
    client.end();
    await drained;
    assert.equal(upstream.only.body, 'abcd');
  });

  test('a response under way is sent to its end; the request behind it is answered, too', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(GET);
    const head = await client.head();
    assert.equal(value(head.headers, 'connection'), 'keep-alive');
    const drained = proxy.engine.drain();
    await upstream.only.connection.send('world');
    assert.equal(await client.bytes(10), 'helloworld');
    // It was told that it may.
    upstream.handler = answering();
    await client.send(GET);
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(value(response.headers, 'connection'), 'close');
    await client.closed();
    client.end();
    await drained;
  });

  test('a head that had begun to come is answered, then the connection closes', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(GET.slice(0, 20));
    await eventually('the head to be read', () => proxy.counters.get('reading') === 1);
    const drained = proxy.engine.drain();
    await client.send(GET.slice(20));
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(value(response.headers, 'connection'), 'close');
    await client.closed();
    client.end();
    await drained;
  });

  test('a tunnel goes on until it ends by itself', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      request.connection.tunnel();
      await request.connection.send(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      );
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await client.response();
    let ended = false;
    const drained = proxy.engine.drain().then(() => {
      ended = true;
    });
    await client.send('up');
    assert.equal(await upstream.only.connection.tunnelBytes(2), 'up');
    await upstream.only.connection.send('down');
    assert.equal(await client.bytes(4), 'down');
    assert.equal(ended, false);
    client.reset();
    await drained;
  });

  test('close() ends everything at once, tunnels and requests included', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      if (request.target !== '/tunnel') return;
      request.connection.tunnel();
      await request.connection.send(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      );
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const [tunnel, waiting, idle] = [await proxy.connect(), await proxy.connect(), await proxy.connect()];
    await tunnel.send('GET /volume/tunnel HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await tunnel.response();
    await waiting.send(GET);
    await upstream.request(1);
    await eventually('three connections', () => proxy.counters.get('active') === 3);
    const drained = proxy.engine.drain();
    proxy.engine.close();
    for (const client of [tunnel, waiting, idle]) await client.closed();
    for (const connection of upstream.connections) await connection.closed();
    await drained;
  });
});
