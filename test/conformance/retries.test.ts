/** Contract section 4: what is tried once more, and what never is. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { answer, answering, NOBODY, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

/** Answers the first request of the first connection; what a later request there meets is the test's business. */
function staleOnReuse(broken: UpstreamHandler, otherwise: UpstreamHandler = answering()): UpstreamHandler {
  return request => {
    const { requests } = request.connection;
    return requests.length > 1 ? broken(request) : otherwise(request);
  };
}

const resets: UpstreamHandler = async request => {
  await request.whole();
  request.connection.reset();
};

const closes: UpstreamHandler = async request => {
  await request.whole();
  request.connection.finish();
};

conformance('retries', ({ engine, test }) => {
  const warm = async (proxy: ProxyUnderTest, upstream: RawUpstream) => {
    assert.equal((await proxy.get('/volume')).status, 200);
    await eventually('the connection to be idle', () => proxy.counters.get('upstreamIdle') === 1);
    assert.equal(upstream.connections.length, 1);
  };

  test('a refused connect is tried twice, then 502', async t => {
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: [NOBODY] }] });
    assert.equal((await proxy.get('/volume')).status, 502);
    assert.equal(proxy.counters.get('connectsFailed'), 2);
    assert.equal(proxy.counters.get('retriesConnect'), 1);
  });

  test('a kept connection that breaks and a connect that fails are two attempts: there is no third', async t => {
    const upstream = await RawUpstream.start(t, staleOnReuse(closes));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await warm(proxy, upstream);
    // Which of the two has its turn is open: either the second attempt is refused, or the first.
    proxy.setRoutes([{ path: '/volume', to: [upstream.address, NOBODY] }]);
    const { status } = await proxy.get('/volume');
    const [, line] = await proxy.logged(2);
    assert.equal(proxy.counters.get('connectsFailed'), 1);
    assert.equal(line?.earlierAttempts?.length, 1);
    assert.equal(status, line.upstream === '127.0.0.1:1' ? 502 : 200);
  });

  for (const method of ['GET', 'POST', 'PATCH']) {
    test(`a ${method} goes to the next endpoint when one refuses`, async t => {
      const alive = await RawUpstream.start(t);
      const endpoints = [NOBODY, alive.address];
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: endpoints }] });
      for (let count = 0; count < 4; count += 1) {
        const response = await proxy.exchange(
          `${method} /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello`,
        );
        assert.equal(response.status, 200);
      }
      assert.deepEqual(
        alive.requests.map(({ body }) => body),
        ['hello', 'hello', 'hello', 'hello'],
      );
    });
  }

  for (const [how, broken] of [
    ['is reset', resets],
    ['is closed', closes],
  ] as const) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PROPFIND', 'REPORT', 'MKCOL']) {
      test(`a kept connection that ${how} costs a ${method} nothing`, async t => {
        const upstream = await RawUpstream.start(t, staleOnReuse(broken));
        const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
        await warm(proxy, upstream);
        const response = await proxy.exchange(`${method} /volume HTTP/1.1\r\nHost: test\r\n\r\n`, {
          head: method === 'HEAD',
        });
        assert.equal(response.status, 200);
        assert.equal(upstream.requests.length, 3);
        assert.equal(upstream.connections.length, 2);
        assert.equal(proxy.counters.get('retriesStale'), 1);
        assert.equal(proxy.counters.get('retriesConnect'), 0);
      });
    }

    for (const method of ['POST', 'PATCH', 'LOCK', 'PURGE']) {
      test(`a ${method} that was sent on a kept connection that ${how} is not sent again`, async t => {
        const upstream = await RawUpstream.start(t, staleOnReuse(broken));
        const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
        await warm(proxy, upstream);
        const response = await proxy.exchange(`${method} /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n`);
        assert.equal(response.status, 502);
        assert.equal(upstream.requests.length, 2);
      });
    }

    test(`a fresh connection that ${how} is not tried again`, async t => {
      const upstream = await RawUpstream.start(t, broken);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      assert.equal((await proxy.get('/volume')).status, 502);
      assert.equal(upstream.requests.length, 1);
      assert.equal(proxy.counters.get('retriesStale'), 0);
    });
  }

  test('a POST goes out on a fresh connection when the kept one had already ended', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await warm(proxy, upstream);
    upstream.only.connection.finish();
    await eventually('the ended connection to be let go', () => proxy.counters.get('upstreamIdle') === 0);
    const response = await proxy.exchange('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nab');
    assert.equal(response.status, 200);
    assert.equal(upstream.requests[1]?.body, 'ab');
    assert.equal(upstream.connections.length, 2);
  });

  test('when the second connection breaks too, there is no third', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await warm(proxy, upstream);
    upstream.handler = resets;
    assert.equal((await proxy.get('/volume')).status, 502);
    assert.equal(upstream.requests.length, 3);
    assert.equal(upstream.connections.length, 2);
  });

  test('two kept connections that both broke do not cost more than one retry, on a fresh one', async t => {
    const { promise: bothCame, resolve } = Promise.withResolvers<void>();
    const upstream = await RawUpstream.start(t, async request => {
      if (request.connection.requests.length > 1) return request.connection.reset();
      if (upstream.requests.length === 2) resolve();
      await bothCame;
      await request.connection.send(answer());
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await Promise.all([proxy.get('/volume'), proxy.get('/volume')]);
    await eventually('two idle connections', () => proxy.counters.get('upstreamIdle') === 2);
    assert.equal((await proxy.get('/volume')).status, 200);
    assert.equal(upstream.requests.length, 4);
    assert.equal(upstream.connections.length, 3);
  });

  for (const [what, bytes] of [
    ['a status line', 'HTTP/1.1 200 OK\r\n'],
    ['a single byte', 'H'],
    ['a 1xx', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ] as const) {
    test(`nothing is tried again once ${what} of a response was seen`, async t => {
      const upstream = await RawUpstream.start(
        t,
        staleOnReuse(request => request.connection.finish(bytes)),
      );
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      await warm(proxy, upstream);
      assert.equal((await proxy.get('/volume')).status, 502);
      assert.equal(upstream.requests.length, 2);
    });
  }

  test('a response that broke off in its body is not tried again', async t => {
    const upstream = await RawUpstream.start(
      t,
      staleOnReuse(request => request.connection.finish('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await warm(proxy, upstream);
    const client = await proxy.connect();
    await client.send(GET);
    const response = await client.responseOrCut();
    assert.equal(response.complete, false);
    assert.equal(upstream.requests.length, 2);
  });

  test('a body that already went is never sent in part', async t => {
    const first = 'a'.repeat(64 * 1024);
    const upstream = await RawUpstream.start(
      t,
      staleOnReuse(async request => {
        await request.bodyBytes(first.length);
        request.connection.reset();
      }),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await warm(proxy, upstream);
    const client = await proxy.connect();
    await client.send(`PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${first.length + 4}\r\n\r\n${first}`);
    await upstream.request(1);
    await (await upstream.connection(0)).closed();
    await client.send('last');
    const response = await client.response();
    // An engine that still holds all of the body may send it again; what it may not is send a part of it.
    for (const { body } of upstream.completeRequests.slice(1)) assert.equal(body.length, first.length + 4);
    assert.equal(response.status, upstream.requests.length === 3 ? 200 : 502);
    assert.ok(upstream.requests.length <= 3);
  });

  test('a read timeout is not tried again', async t => {
    const upstream = await RawUpstream.start(
      t,
      staleOnReuse(() => {}),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await warm(proxy, upstream);
    proxy.changeSettings({ proxyReadTimeout: 300 });
    assert.equal((await proxy.get('/volume')).status, 504);
    assert.equal(upstream.requests.length, 2);
  });
});
