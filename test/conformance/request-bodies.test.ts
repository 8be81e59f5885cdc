/** Contract section 4: request bodies go through as they come: framing kept, streamed, trailers and Expect included. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { without } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GENERATED = [
  'Host',
  'X-Real-IP',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Prefix',
];

conformance('request bodies', ({ engine, test }) => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    test(`a ${method} with Content-Length keeps it`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const response = await proxy.exchange(
        `${method} /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello`,
      );
      assert.equal(response.status, 200);
      assert.equal(upstream.only.framing, 'content-length');
      assert.equal(upstream.only.body, 'hello');
    });

    test(`a chunked ${method} stays chunked`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const response = await proxy.exchange(
        `${method} /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
      );
      assert.equal(response.status, 200);
      assert.equal(upstream.only.framing, 'chunked');
      assert.equal(upstream.only.body, 'hello');
    });
  }

  test('zeros before the size of a chunk do not count, in either direction', async t => {
    const body = '00000000000002\r\nhi\r\n000000000000000000000000\r\n\r\n';
    const upstream = await RawUpstream.start(
      t,
      answering(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send(`PUT /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
      assert.equal((await client.response()).body, 'hi');
      assert.equal(upstream.requests[count]?.body, 'hi');
    }
  });

  test('Content-Length: 0 stays', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.exchange('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
    assert.equal(upstream.only.header('content-length'), '0');
  });

  test('an empty chunked body stays chunked', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.exchange('POST /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    assert.equal(upstream.only.framing, 'chunked');
    assert.equal(upstream.only.complete, true);
  });

  test('chunk extensions, leading zeros and upper-case sizes do not change a body', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange(
      'POST /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '002;a=b\r\nhe\r\nA;x="y"\r\n0123456789\r\n00\r\n\r\n',
    );
    assert.equal(response.status, 200);
    assert.equal(upstream.only.body, 'he0123456789');
  });

  test('a length among the trailers ends here', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange(
      'POST /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '2\r\nab\r\n0\r\nContent-Length: 9\r\nX-Sum: 1\r\n\r\n',
    );
    assert.equal(response.status, 200);
    assert.deepEqual(upstream.only.trailers, [['X-Sum', '1']]);
  });

  test('trailers pass to the upstream', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.exchange(
      'POST /volume HTTP/1.1\r\nHost: test\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '2\r\nhe\r\n0\r\nX-Sum: 1\r\nx-dup: a\r\nX-Dup: b\r\n\r\n',
    );
    assert.equal(upstream.only.header('trailer'), 'X-Sum');
    assert.deepEqual(upstream.only.trailers, [
      ['X-Sum', '1'],
      ['x-dup', 'a'],
      ['X-Dup', 'b'],
    ]);
  });

  test('a body is streamed: its first bytes arrive while the client still holds the rest', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n');
    const request = await upstream.request(0);
    assert.equal(await request.bodyBytes(2), 'he');
    assert.equal(request.complete, false);
    await client.send('3\r\nllo\r\n0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(request.body, 'hello');
  });

  test('an upstream may answer before the body is whole', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.bodyBytes(2);
      await request.connection.send(answer('early'));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab');
    assert.equal((await client.response()).body, 'early');
  });

  test('a client that leaves in the middle of its body ends the upstream connection', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nab');
    const request = await upstream.request(0);
    await request.bodyBytes(2);
    client.reset();
    await request.connection.closed();
    assert.equal(request.complete, false);
    assert.equal(upstream.requests.length, 1);
  });

  test('a body of a megabyte arrives whole', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const body = 'abcdefghijklmnop'.repeat(1 << 16);
    const client = await proxy.connect();
    await client.send(`PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n`, body);
    assert.equal((await client.response()).status, 200);
    assert.ok(upstream.only.body === body);
  });

  test('Expect: 100-continue goes to the upstream, whose 100 comes back before the body is sent', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      await request.whole();
      await request.connection.send(answer('accepted'));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    assert.equal((await client.head()).status, 100);
    assert.equal(upstream.only.header('expect'), '100-continue');
    await client.send('hello');
    const response = await client.response();
    assert.equal(response.body, 'accepted');
    assert.deepEqual(response.interim, [], 'one 100 only');
    assert.equal(upstream.only.body, 'hello');
  });

  test('an upstream may refuse what a client expects, and no 100 is made up', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.connection.send(answer('no', '', '417 Expectation Failed'));
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    const response = await client.response();
    assert.equal(response.status, 417);
    assert.deepEqual(response.interim, []);
    assert.equal(upstream.only.body.length, 0);
  });

  test('an upstream that ignores Expect gets the body of a client that does not wait', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange(
      'PUT /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello',
    );
    assert.equal(response.status, 200);
    assert.equal(upstream.only.body, 'hello');
  });

  test('requests with and without bodies keep their boundaries on one connection', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(
      'POST /volume/1 HTTP/1.1\r\nHost: test\r\nContent-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\r' +
        'DELETE /volume/2 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n13\r\nGET /y HTTP/1.1\r\n\r\n\r\n0\r\n\r\n' +
        'GET /volume/3 HTTP/1.1\r\nHost: test\r\n\r\n' +
        'GET /volume/4 HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nab',
    );
    for (let count = 0; count < 4; count += 1) assert.equal((await client.response()).status, 200);
    assert.deepEqual(
      upstream.requests.map(({ line, body }) => [line, body]),
      [
        ['POST /1 HTTP/1.1', 'GET /x HTTP/1.1\r\n\r'],
        ['DELETE /2 HTTP/1.1', 'GET /y HTTP/1.1\r\n\r\n'],
        ['GET /3 HTTP/1.1', ''],
        ['GET /4 HTTP/1.1', 'ab'],
      ],
    );
  });

  test('an HTTP/1.0 request may have a body', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.exchange('POST /volume HTTP/1.0\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal(upstream.only.line, 'POST / HTTP/1.1');
    assert.deepEqual(without(upstream.only.headers, ...GENERATED, 'X-Request-ID'), [['Content-Length', '5']]);
    assert.equal(upstream.only.body, 'hello');
  });
});
