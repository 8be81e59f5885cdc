/** Contract section 4: upstream connections are kept, shared and recycled. */
import assert from 'node:assert/strict';
import { TICK_MS } from '../../src/dataplane/runtime/timer-wheel.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { startTimedProxy } from '../support/timed-proxy.ts';
import { conformance } from './suite.ts';

conformance('upstream connections', ({ engine, test }) => {
  test('requests of different clients share one, one after the other', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    for (let count = 0; count < 5; count += 1) assert.equal((await proxy.get('/volume')).status, 200);
    assert.equal(upstream.connections.length, 1);
    assert.equal(proxy.counters.get('connectsOk'), 1);
  });

  test('two routes to one address share one', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/a', to: upstream },
        { path: '/b', to: upstream },
      ],
    });
    await proxy.get('/a');
    await proxy.get('/b');
    assert.equal(upstream.connections.length, 1);
  });

  test('one is busy during an exchange and idle after it', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    const request = await upstream.request(0);
    assert.equal(proxy.counters.get('upstreamBusy'), 1);
    assert.equal(proxy.counters.get('upstreamIdle'), 0);
    await request.connection.send(answer());
    await client.response();
    await eventually('the connection to be idle', () => proxy.counters.get('upstreamIdle') === 1);
    assert.equal(proxy.counters.get('upstreamBusy'), 0);
    request.connection.finish();
    await eventually('the connection to be gone', () => proxy.counters.get('upstreamIdle') === 0);
  });

  test('requests at the same time do not wait for each other', async t => {
    const { promise: bothCame, resolve } = Promise.withResolvers<void>();
    const upstream = await RawUpstream.start(t, async request => {
      if (upstream.requests.length === 2) resolve();
      await bothCame;
      await request.connection.send(answer());
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await Promise.all([proxy.get('/volume'), proxy.get('/volume')]);
    assert.equal(upstream.connections.length, 2);
  });

  test('no more than upstream-keepalive stay idle', async t => {
    const { promise: allCame, resolve } = Promise.withResolvers<void>();
    const upstream = await RawUpstream.start(t, async request => {
      if (upstream.requests.length === 3) resolve();
      await allCame;
      await request.connection.send(answer());
    });
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { upstreamKeepalive: 1 },
    });
    await Promise.all([proxy.get('/volume'), proxy.get('/volume'), proxy.get('/volume')]);
    await eventually('two of three to be closed', () => {
      return upstream.connections.filter(({ end }) => end !== undefined).length === 2;
    });
    assert.equal(proxy.counters.get('upstreamIdle'), 1);
  });

  test('upstream-keepalive 0 keeps none', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { upstreamKeepalive: 0 },
    });
    await proxy.get('/volume');
    await (await upstream.connection(0)).closed();
    assert.equal((await proxy.get('/volume')).status, 200);
    assert.equal(upstream.connections.length, 2);
  });

  for (const [what, bytes] of [
    ['says Connection: close', answer('ok', 'Connection: close\r\n')],
    ['names close among others', answer('ok', 'Connection: x, Close\r\n')],
    ['is HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['announces Keep-Alive: timeout=1', answer('ok', 'Keep-Alive: timeout=1\r\n')],
    ['announces Keep-Alive: timeout=0', answer('ok', 'Keep-Alive: timeout=0, max=5\r\n')],
  ] as const) {
    test(`one is not used again when the response ${what}`, async t => {
      const upstream = await RawUpstream.start(t, answering(bytes));
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      assert.equal((await proxy.get('/volume')).status, 200);
      await (await upstream.connection(0)).closed();
      assert.equal((await proxy.get('/volume')).status, 200);
      assert.equal(upstream.connections.length, 2);
    });
  }

  for (const [what, hint, keptMs] of [
    ['one second before the upstream’s Keep-Alive hint', 'Keep-Alive: timeout=3\r\n', 2_000],
    ['after four seconds', '', 4_000],
    ['after four seconds, however long the upstream would wait', 'Keep-Alive: timeout=600\r\n', 4_000],
  ] as const) {
    test(`an idle one ends ${what}`, async t => {
      const upstream = await RawUpstream.start(t, answering(answer('ok', hint)));
      const { proxy, clock } = await startTimedProxy(t, engine, {}, upstream);
      assert.equal((await proxy.get('/volume')).status, 200);
      await eventually('the connection to be idle', () => proxy.counters.get('upstreamIdle') === 1);
      await clock.pass(keptMs - 1);
      assert.equal(proxy.counters.get('upstreamIdle'), 1);
      await clock.pass(3 * TICK_MS);
      await (await upstream.connection(0)).closed();
      assert.equal(proxy.counters.get('upstreamIdle'), 0);
    });
  }

  test('one that is in use outlives the idle limit', async t => {
    const clock = new FakeClock();
    const upstream = await RawUpstream.start(t, async request => {
      // After the first answer it may be idle for two seconds.
      if (upstream.requests.length > 1) await clock.pass(10_000);
      await request.connection.send(answer('late', 'Keep-Alive: timeout=3\r\n'));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }], clock });
    assert.equal((await proxy.get('/volume')).status, 200);
    assert.equal((await proxy.get('/volume')).body, 'late');
    assert.equal(upstream.connections.length, 1);
  });
});
