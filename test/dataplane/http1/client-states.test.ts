/** Turns in the life of a client's connection that no single request shows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, still } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type ProxyUnderTest, startProxy } from '../../support/proxy-under-test.ts';
import { answer, RawUpstream } from '../../support/raw-upstream.ts';
import { startSilentListener } from '../../support/silent-listener.ts';

/** Nothing listens there. */
const REFUSING = { host: '127.0.0.1', port: 1 };

describe('client connections', { concurrency: true }, () => {
  for (const [what, request] of [
    ['a body', 'POST /refused HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabcdef'],
    ['chunks', 'POST /refused HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['a part of a body', 'POST /refused HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc'],
  ] as const) {
    it(`${what} that came before a connect failed is read, and so is the request behind it`, async t => {
      const upstream = await RawUpstream.start(t);
      const routes = [
        { path: '/refused', to: [REFUSING] },
        { path: '/v', to: upstream },
      ];
      const proxy = await startProxy(t, 'wire', { routes });
      const client = await proxy.connect();
      await client.send(request);
      assert.equal((await client.response()).status, 502);
      await client.send(`${what === 'a part of a body' ? 'def' : ''}GET /v HTTP/1.1\r\nHost: test\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
    });
  }

  it('a client that leaves before its connect fails is counted out once', async t => {
    const to = await startSilentListener(t);
    const clock = new FakeClock();
    const settings = { proxyConnectTimeout: 1_000, keepaliveTimeout: 1_000 };
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: [to] }], settings, clock });
    const client = await proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    await eventually('it connects', () => proxy.counters.get('writing') === 1);
    client.destroy();
    await eventually('it is gone', () => proxy.counters.get('active') === 0);
    await clock.pass(2_000);
    assert.ok(proxy.counters.get('connectsTimedOut') > 0);
    // Long enough for a limit that was set for a connection that is gone.
    await clock.pass(10_000);
    assert.deepEqual(gauges(proxy), [0, 0, 0, 0]);
  });

  it('an idle limit holds after an answer that no upstream gave', async t => {
    const settings = { keepaliveTimeout: 200 };
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: [] }], settings });
    const client = await proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 503);
    assert.equal(await client.closed(), 'fin');
  });

  it('a client that does not read gets no more answers, and all of them once it reads', async t => {
    const body = 'x'.repeat(60_000);
    const upstream = await RawUpstream.start(t, request => request.connection.send(answer(body)));
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
    const client = await proxy.connect();
    client.pause();
    const count = 400;
    client.push('GET /v HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(count));
    await still('the upstream is not asked any more', () => upstream.requests.length);
    assert.ok(upstream.requests.length < count / 2, `${upstream.requests.length} answers for nobody`);
    client.resume();
    for (let index = 0; index < count; index += 1) assert.equal((await client.response()).body.length, body.length);
  });

  for (const [what, keepaliveTimeout] of [
    ['a drain', 75_000],
    ['the limit for idle connections', 1_000],
  ] as const) {
    it(`an answer that a slow reader has not got yet is not cut by ${what}`, async t => {
      const body = 'x'.repeat(60_000);
      const upstream = await RawUpstream.start(t, request => request.connection.send(answer(body)));
      const clock = new FakeClock();
      const settings = { keepaliveTimeout };
      const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], settings, clock });
      const client = await proxy.connect();
      client.pause();
      client.push('GET /v HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(400));
      // The last of the answers that were begun is read from its upstream to the end, and waits here.
      await still('nobody is answered any more', () => proxy.logLines.length);
      const answered = proxy.logLines.length;
      if (what === 'a drain') void proxy.engine.drain();
      else await clock.pass(2 * keepaliveTimeout);
      client.resume();
      for (let index = 0; index < answered; index += 1) {
        assert.equal((await client.response()).body.length, body.length, `answer ${index} of ${answered}`);
      }
    });
  }

  it('answers made here are held back, too', async t => {
    const proxy = await startProxy(t, 'wire', { routes: [], settings: { keepaliveRequests: 1_000_000 } });
    const client = await proxy.connect();
    client.pause();
    const count = 50_000;
    client.push(`GET /${'n'.repeat(20)} HTTP/1.1\r\nHost: test\r\n\r\n`.repeat(count));
    await still('nobody is answered any more', () => proxy.logLines.length);
    assert.ok(proxy.logLines.length < count / 2, `${proxy.logLines.length} answers for nobody`);
  });
});

function gauges({ counters }: ProxyUnderTest): number[] {
  return (['active', 'waiting', 'reading', 'writing'] as const).map(name => counters.get(name));
}
