/** Contract sections 4 and 5: headers that end at this hop (RFC 9110 section 7.6.1), in both directions. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { values, without } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

conformance('hop-by-hop headers', ({ engine, test }) => {
  const REQUEST_ONLY: readonly (readonly [name: string, value: string])[] = [
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'keep-alive'],
    ['Proxy-Authorization', 'Basic eDp5'],
    ['TE', 'gzip'],
    ['Upgrade', 'h2c'],
    ['Upgrade', 'websocket'],
    ['Connection', 'keep-alive'],
    ['Connection', 'close'],
    ['CONNECTION', 'close'],
  ];
  for (const [name, value] of REQUEST_ONLY) {
    test(`${name}: ${value} ends here`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const response = await proxy.get('/volume', `${name}: ${value}\r\nX-A: 1\r\n`);
      assert.equal(response.status, 200);
      assert.deepEqual(values(upstream.only.headers, name), []);
      assert.equal(upstream.only.header('x-a'), '1');
    });
  }

  test('headers that Connection names end here, whatever their case and number', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.get(
      '/volume',
      'Connection: x-hop ,,\tX-Other\r\nX-Hop: 1\r\nX-A: 2\r\nx-hop: 3\r\nX-OTHER: 4\r\nConnection: X-Third, close\r\nX-Third: 5\r\n',
    );
    const { headers } = upstream.only;
    assert.deepEqual(
      ['x-hop', 'x-other', 'x-third', 'connection'].flatMap(name => values(headers, name)),
      [],
    );
    assert.deepEqual(values(headers, 'x-a'), ['2']);
  });

  test('Connection cannot name away what this proxy says', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange(
      'POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nX-Request-ID: id\r\n' +
        'Connection: host, content-length, transfer-encoding, x-real-ip, x-forwarded-for, x-forwarded-host, x-request-id\r\n\r\nab',
    );
    assert.equal(response.status, 200);
    const request = upstream.only;
    assert.equal(request.header('host'), 'test');
    assert.equal(request.body, 'ab');
    assert.equal(request.header('x-real-ip'), '127.0.0.1');
    assert.equal(request.header('x-forwarded-for'), '127.0.0.1');
    assert.equal(request.header('x-forwarded-host'), 'test');
    assert.notEqual(request.header('x-request-id'), undefined);
  });

  for (const te of ['trailers', 'trailers, deflate;q=0.5', 'deflate, Trailers']) {
    test(`of TE: ${te} only trailers goes on`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      await proxy.get('/volume', `TE: ${te}\r\nConnection: TE\r\n`);
      assert.equal(upstream.only.header('te')?.toLowerCase(), 'trailers');
    });
  }

  test('a client that closes does not close the upstream connection', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
    assert.deepEqual(values((await client.response()).headers, 'connection'), ['close']);
    assert.equal(await client.closed(), 'fin');
    await proxy.get('/volume');
    assert.equal(upstream.requests.length, 2);
    assert.equal(upstream.connections.length, 1);
  });

  test('an upstream that closes does not close the client connection', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      request.connection.finish(answer('ok', 'Connection: close\r\n'));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (let count = 1; count <= 2; count += 1) {
      await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.deepEqual(values((await client.response()).headers, 'connection'), ['keep-alive']);
      assert.equal(upstream.connections.length, count);
    }
  });

  test('hop-by-hop headers of a response, and those its Connection names, end here', async t => {
    const upstream = await RawUpstream.start(
      t,
      answering(
        answer(
          'ok',
          'Date: Sat, 21 Nov 2026 10:00:00 GMT\r\nX-A: 1\r\nConnection: X-Hop, keep-alive\r\nx-hop: 2\r\n' +
            'Keep-Alive: timeout=30\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTE: trailers\r\nX-B: 3\r\n',
        ),
      ),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const { headers } = await proxy.get('/volume');
    assert.deepEqual(values(headers, 'connection'), ['keep-alive']);
    assert.deepEqual(without(headers, 'content-length', 'connection'), [
      ['Date', 'Sat, 21 Nov 2026 10:00:00 GMT'],
      ['X-A', '1'],
      ['X-B', '3'],
    ]);
  });

  test('Connection in a response cannot name its length away', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('ok', 'Connection: content-length, date\r\n')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.get('/volume');
    assert.equal(response.body, 'ok');
    assert.notEqual(response.framing, 'close');
  });
});
