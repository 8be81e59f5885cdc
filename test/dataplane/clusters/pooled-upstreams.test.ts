/** What an upstream connection takes over from one request into the next: nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startProxy } from '../../support/proxy-under-test.ts';
import { answer, RawUpstream } from '../../support/raw-upstream.ts';

/** An idle upstream connection is kept for 4 s, and a tick of the wheel is 50 ms. */
const LONGER_THAN_IDLE_MS = 4_500;

describe('pooled upstream connections', { concurrency: true }, () => {
  it('the idle limit of a connection does not end an upload that takes longer', async t => {
    const clock = new FakeClock();
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], clock });
    const client = await proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    await client.send('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc');
    await upstream.request(1);
    await clock.pass(LONGER_THAN_IDLE_MS);
    await client.send('def');
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.requests[1]?.body, 'abcdef');
    assert.equal(upstream.connections.length, 1);
  });

  it('a connection whose last reader was slow is read again for the next one', async t => {
    const body = 'x'.repeat(60_000);
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send(answer(request.target === '/big' ? body : 'ok'));
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
    const slow = await proxy.connect();
    slow.pause();
    const answered = () => upstream.requests.filter(({ target }) => target === '/big').length;
    // One of these answers is read from the upstream to its end just as the slow client takes no more. How many there are
    // before it is the kernel's to say; so many behind it that are not asked for, and it has come.
    for (let count = 1; count - answered() < 50; count += 1) {
      slow.push('GET /v/big HTTP/1.1\r\nHost: test\r\n\r\n');
      const other = await proxy.get('/v/other');
      assert.equal(other.body, 'ok', `after ${count} answers that nobody read`);
    }
  });

  for (const [why, headers] of [
    ['its idle limit is too short', 'Keep-Alive: timeout=1\r\n'],
    ['it says so', 'Connection: close\r\n'],
  ] as const) {
    it(`a connection that is not kept, as ${why}, is not counted as busy for ever`, async t => {
      const upstream = await RawUpstream.start(t, request => request.connection.send(answer('ok', headers)));
      const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
      assert.equal((await proxy.get('/v')).body, 'ok');
      await eventually('no client', () => proxy.counters.get('active') === 0);
      assert.deepEqual([proxy.counters.get('upstreamBusy'), proxy.counters.get('upstreamIdle')], [0, 0]);
    });
  }

  it('as many connections are kept as the last seconds used', async t => {
    const clock = new FakeClock();
    let held: (() => void)[] | undefined = [];
    const upstream = await RawUpstream.start(t, async request => {
      if (held !== undefined) await new Promise<void>(resolve => held?.push(resolve));
      await request.connection.send(answer());
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], clock });
    // Twelve requests at once, more than once: as many connections, each used again.
    for (let round = 0; round < 3; round += 1) {
      const asked = Array.from({ length: 12 }, () => proxy.get('/v'));
      await eventually('all of them to be under way', () => held?.length === 12);
      for (const answerIt of held?.splice(0) ?? []) answerIt();
      await Promise.all(asked);
      await eventually('all connections to be idle', () => proxy.counters.get('upstreamIdle') === 12);
    }
    assert.equal(upstream.connections.length, 12);
    held = undefined;
    // One at a time from now on: the others grow old, and end.
    for (let second = 0; second < 5; second += 1) {
      assert.equal((await proxy.get('/v')).status, 200);
      await clock.pass(1_000);
    }
    await eventually('one idle connection', () => proxy.counters.get('upstreamIdle') === 1);
    assert.equal(upstream.connections.length, 12);
  });

  it('routes with one address share its connections, also after there was none for a while', async t => {
    const upstream = await RawUpstream.start(t);
    const routes = [
      { path: '/a', to: upstream },
      { path: '/b', to: upstream },
    ];
    const proxy = await startProxy(t, 'wire', { routes });
    await proxy.get('/a');
    await eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
    upstream.connections[0]?.finish();
    await eventually('no connection', () => proxy.counters.get('upstreamIdle') === 0);
    for (const path of ['/b', '/a', '/b']) {
      assert.equal((await proxy.get(path)).status, 200);
      await eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
    }
    assert.equal(upstream.connections.length, 2);
  });

  it('connections beyond the idle ones that may be kept are not counted as busy for ever', async t => {
    const upstream = await RawUpstream.start(t);
    const settings = { upstreamKeepalive: 1 };
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], settings });
    await Promise.all(Array.from({ length: 8 }, () => proxy.get('/v')));
    await eventually('no client', () => proxy.counters.get('active') === 0);
    assert.deepEqual([proxy.counters.get('upstreamBusy'), proxy.counters.get('upstreamIdle')], [0, 1]);
  });
});
