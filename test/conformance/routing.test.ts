/** Contract sections 3 and 11: hosts, tables that change between two requests, and the time before the first table. */
import assert from 'node:assert/strict';
import { ERROR_PAGE, startProxy } from '../support/proxy-under-test.ts';
import { value, values } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

conformance('routing', ({ engine, test }) => {
  test('an exact host goes before a wildcard, the longest wildcard before a shorter one, any host comes last', async t => {
    const named = (name: string) => RawUpstream.start(t, answering(answer(name)));
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/', to: await named('any') },
        { path: '/', host: '*.example.com', to: await named('wildcard') },
        { path: '/', host: '*.b.example.com', to: await named('longer wildcard') },
        { path: '/', host: 'a.b.example.com', to: await named('exact') },
        { path: '/only', host: 'c.example.com', to: await named('only') },
      ],
    });
    const expected = {
      'a.b.example.com': 'exact',
      'A.B.Example.COM:8080': 'exact',
      'a.b.example.com.': 'exact',
      'x.b.example.com': 'longer wildcard',
      'x.y.b.example.com': 'longer wildcard',
      'b.example.com': 'wildcard',
      'c.example.com': 'wildcard',
      'example.com': 'any',
      'aexample.com': 'any',
      '[::1]:80': 'any',
      '127.0.0.1': 'any',
    };
    for (const [host, name] of Object.entries(expected)) {
      const response = await proxy.exchange(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.equal(response.body, name, host);
    }
  });

  test('no route is 404, on a connection that is kept', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 404);
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
  });

  test('a table is swapped between two requests of one connection', async t => {
    const before = await RawUpstream.start(t, answering(answer('before')));
    const after = await RawUpstream.start(t, answering(answer('after')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: before }] });
    const client = await proxy.connect();
    const ask = async () => {
      await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
      return client.response();
    };
    assert.equal((await ask()).body, 'before');
    proxy.setRoutes([{ path: '/volume', to: after }]);
    assert.equal((await ask()).body, 'after');
    proxy.setRoutes([]);
    assert.equal((await ask()).status, 404);
  });

  test('a request under way is finished by the table it began with', async t => {
    const before = await RawUpstream.start(t, async request => {
      await request.bodyBytes(4);
      await request.connection.send(answer('before'));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: before }] });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab');
    await (await before.request(0)).bodyBytes(2);
    proxy.setRoutes([]);
    await client.send('cd');
    assert.equal((await client.response()).body, 'before');
  });

  test('before the first table every request gets 503 with Retry-After, and the connection is kept', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: null });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    const early = await client.response();
    assert.equal(early.status, 503);
    assert.equal(value(early.headers, 'retry-after'), '1');
    assert.equal(early.body, ERROR_PAGE);
    assert.deepEqual(values(early.headers, 'connection'), ['keep-alive']);
    proxy.setRoutes([{ path: '/volume', to: upstream }]);
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
  });

  test('a Service without endpoints gets 503, and the connection is kept', async t => {
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: [] }] });
    const response = await proxy.get('/volume');
    assert.equal(response.status, 503);
    assert.deepEqual(values(response.headers, 'connection'), ['keep-alive']);
  });

  test('pushed endpoints take turns', async t => {
    const upstreams = [await RawUpstream.start(t), await RawUpstream.start(t), await RawUpstream.start(t)];
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstreams.map(({ address }) => address) }],
    });
    for (let count = 0; count < 6; count += 1) await proxy.get('/volume');
    assert.deepEqual(
      upstreams.map(({ requests }) => requests.length),
      [2, 2, 2],
    );
  });
});
