/** Contract section 5: what a client gets of an upstream's response. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { type Bytes, value, values, without } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const DATE = 'Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n';
const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

conformance('responses', ({ engine, test }) => {
  /** A proxy in front of an upstream that answers every request with these bytes. */
  const inFrontOf = async (t: Parameters<typeof RawUpstream.start>[0], bytes: Bytes) => {
    const upstream = await RawUpstream.start(t, answering(bytes));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    return { proxy, upstream };
  };

  test('headers keep order, case and number; Date and Server are the upstream’s', async t => {
    const headers =
      `sErVeR: upstream/1\r\nX-b: 1\r\nSet-Cookie: a=1; Path=/\r\nx-B: 2\r\nset-cookie: b=2\r\n${DATE}` +
      'Location: http://elsewhere/x\r\nETag: "x"\r\nX_Under: 3\r\nVary: a\r\nVary: b\r\nX-Empty:\r\nVia: 1.1 x\r\n';
    const { proxy } = await inFrontOf(t, answer('ok', headers));
    const response = await proxy.get('/volume');
    assert.deepEqual(without(response.headers, 'content-length', 'connection'), [
      ['sErVeR', 'upstream/1'],
      ['X-b', '1'],
      ['Set-Cookie', 'a=1; Path=/'],
      ['x-B', '2'],
      ['set-cookie', 'b=2'],
      ['Date', 'Sat, 21 Nov 2026 10:00:00 GMT'],
      ['Location', 'http://elsewhere/x'],
      ['ETag', '"x"'],
      ['X_Under', '3'],
      ['Vary', 'a'],
      ['Vary', 'b'],
      ['X-Empty', ''],
      ['Via', '1.1 x'],
    ]);
    assert.equal(value(response.headers, 'content-length'), '2');
    assert.equal(value(response.headers, 'connection'), 'keep-alive');
  });

  test('no Server is made up', async t => {
    const { proxy } = await inFrontOf(t, answer('ok', DATE));
    assert.deepEqual(values((await proxy.get('/volume')).headers, 'server'), []);
  });

  test('X-Accel-* are dropped', async t => {
    const { proxy } = await inFrontOf(
      t,
      answer('ok', 'X-Accel-Redirect: /secret\r\nx-accel-buffering: no\r\nX-ACCEL-Expires: 1\r\nX-Accelerate: 2\r\n'),
    );
    const { headers } = await proxy.get('/volume');
    assert.deepEqual(
      headers.map(([name]) => name).filter(name => /^x-accel/i.test(name)),
      ['X-Accelerate'],
    );
  });

  for (const [status, reason] of [
    [200, 'Fine by me'],
    [299, 'Odd'],
    [404, 'Not Here'],
    [500, 'Up Err'],
    [502, 'Bad Gateway'],
    [503, ''],
    [999, 'X'],
  ] as const) {
    test(`the upstream’s own "${status} ${reason}" passes with its body`, async t => {
      const { proxy } = await inFrontOf(t, answer('theirs', '', `${status} ${reason}`));
      const response = await proxy.get('/volume');
      assert.equal(response.status, status);
      assert.equal(response.reason, reason);
      assert.equal(response.body, 'theirs');
      assert.deepEqual(values(response.headers, 'connection'), ['keep-alive']);
    });
  }

  test('a status line without the space before a missing reason passes', async t => {
    const { proxy } = await inFrontOf(t, 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok');
    assert.equal((await proxy.get('/volume')).body, 'ok');
  });

  test('bytes above 0x7f in a value pass', async t => {
    const { proxy } = await inFrontOf(t, answer('ok', 'X-A: caf\xc3\xa9\xff\r\n'));
    assert.equal(value((await proxy.get('/volume')).headers, 'x-a'), 'caf\xc3\xa9\xff');
  });

  test('chunked stays chunked, with its trailers', async t => {
    const { proxy } = await inFrontOf(
      t,
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\nx-dup: a\r\nX-Dup: b\r\n\r\n',
    );
    const response = await proxy.get('/volume', 'TE: trailers\r\n');
    assert.equal(response.framing, 'chunked');
    assert.equal(response.body, 'hello');
    assert.equal(value(response.headers, 'trailer'), 'X-Sum');
    assert.deepEqual(response.trailers, [
      ['X-Sum', '1'],
      ['x-dup', 'a'],
      ['X-Dup', 'b'],
    ]);
  });

  test('a response is streamed: its first bytes arrive while the upstream still holds the rest', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n'),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(GET);
    assert.equal((await client.head()).status, 200);
    assert.equal(await client.bytes(7), '2\r\nhe\r\n');
    await upstream.only.connection.send('0\r\n\r\n');
    assert.equal(await client.bytes(5), '0\r\n\r\n');
  });

  test('a head alone arrives at once', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(GET);
    assert.equal((await client.head()).status, 200);
    await upstream.only.connection.send('ok');
    assert.equal(await client.bytes(2), 'ok');
  });

  test('a response that ends with its connection is chunked for an HTTP/1.1 client, whose connection is kept', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.finish('HTTP/1.1 200 OK\r\n\r\nhello'));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send(GET);
      const response = await client.response();
      assert.equal(response.framing, 'chunked');
      assert.equal(response.body, 'hello');
    }
  });

  for (const [what, head] of [
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n'],
    ['length-less', 'HTTP/1.0 200 OK\r\n\r\nhello'],
  ] as const) {
    test(`a ${what} response goes to an HTTP/1.0 client raw, then the connection closes`, async t => {
      const upstream = await RawUpstream.start(t, request => request.connection.finish(head));
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send('GET /volume HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n');
      const response = await client.response();
      assert.equal(response.framing, 'close');
      assert.equal(response.body, 'hello');
      assert.equal(value(response.headers, 'connection'), 'close');
      assert.equal(await client.closed(), 'fin');
    });
  }

  test('an HTTP/1.0 connection closes after its response', async t => {
    const { proxy } = await inFrontOf(t, answer());
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.0\r\nHost: test\r\n\r\n');
    assert.equal(value((await client.response()).headers, 'connection'), 'close');
    assert.equal(await client.closed(), 'fin');
  });

  test('an HTTP/1.0 connection is kept if the client asks for it and the length is known', async t => {
    const { proxy } = await inFrontOf(t, answer());
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send('GET /volume HTTP/1.0\r\nHost: test\r\nConnection: Keep-Alive\r\n\r\n');
      assert.equal(value((await client.response()).headers, 'connection'), 'keep-alive');
    }
  });

  test('an HTTP/1.0 response with a length passes', async t => {
    const { proxy } = await inFrontOf(t, 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const response = await proxy.get('/volume');
    assert.equal(response.version, 'HTTP/1.1');
    assert.equal(response.body, 'ok');
  });

  test('HEAD keeps the length and has no body', async t => {
    const { proxy, upstream } = await inFrontOf(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send('HEAD /volume HTTP/1.1\r\nHost: test\r\n\r\n');
      const response = await client.response({ head: true });
      assert.equal(value(response.headers, 'content-length'), '1000');
    }
    assert.equal(client.unread, '');
    assert.equal(upstream.requests[0]?.method, 'HEAD');
    assert.equal(upstream.connections.length, 1);
  });

  test('a chunked HEAD response has no body either', async t => {
    const { proxy } = await inFrontOf(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send('HEAD /volume HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal((await client.response({ head: true })).status, 200);
    }
  });

  test('204 has no body and no length', async t => {
    const { proxy } = await inFrontOf(t, 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n');
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send(GET);
      const response = await client.response();
      assert.equal(response.status, 204);
      assert.deepEqual(values(response.headers, 'transfer-encoding'), []);
      assert.deepEqual(values(response.headers, 'content-length'), []);
      assert.equal(value(response.headers, 'x-a'), '1');
    }
  });

  test('304 has no body and keeps its length', async t => {
    const { proxy } = await inFrontOf(t, 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 1000\r\n\r\n');
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send(GET);
      const response = await client.response();
      assert.equal(response.status, 304);
      assert.equal(value(response.headers, 'content-length'), '1000');
      assert.deepEqual(values(response.headers, 'transfer-encoding'), []);
    }
  });

  const excess: readonly (readonly [what: string, request: string, response: string, body: string])[] = [
    ['past a length', GET, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA', 'ok'],
    [
      'past the last chunk',
      GET,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nEXTRA',
      'ok',
    ],
    ['after a 204', GET, 'HTTP/1.1 204 No Content\r\n\r\nEXTRA', ''],
    ['after a 304', GET, 'HTTP/1.1 304 Not Modified\r\n\r\nEXTRA', ''],
    [
      'after the answer to HEAD',
      'HEAD /volume HTTP/1.1\r\nHost: test\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEXTRA',
      '',
    ],
    [
      'that look like a second response',
      GET,
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison',
      'ok',
    ],
  ];
  for (const [what, request, response, body] of excess) {
    test(`bytes ${what} are cut, and the upstream connection is not used again`, async t => {
      const upstream = await RawUpstream.start(t, answering(response));
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(request);
      const first = await client.response({ head: request.startsWith('HEAD') });
      assert.equal(first.body, body);
      await (await upstream.connection(0)).closed();
      upstream.handler = answering(answer('fresh'));
      await client.send(GET);
      assert.equal((await client.response()).body, 'fresh');
      assert.equal(upstream.connections.length, 2);
    });
  }

  test('bytes nobody asked for on an idle connection end it', async t => {
    const { proxy, upstream } = await inFrontOf(t, answer());
    assert.equal((await proxy.get('/volume')).status, 200);
    await upstream.only.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
    await upstream.only.connection.closed();
    assert.equal((await proxy.get('/volume')).body, 'ok');
    assert.equal(upstream.connections.length, 2);
  });

  for (const [what, head, last] of [
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 'hello'],
    ['that is chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\n'],
    ['cut inside a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'a\r\nhello'],
    ['with a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\nzz\r\n'],
  ] as const) {
    for (const end of ['FIN', 'RST'] as const) {
      test(`a response ${what} that ends in a ${end} is visibly cut for the client`, async t => {
        const { promise: clientHasHead, resolve } = Promise.withResolvers<void>();
        const upstream = await RawUpstream.start(t, async request => {
          await request.connection.send(head);
          await clientHasHead;
          await request.connection.send(last);
          if (end === 'FIN') request.connection.finish();
          else request.connection.reset();
        });
        const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
        const client = await proxy.connect();
        await client.send(GET);
        assert.equal((await client.head()).status, 200);
        resolve();
        await client.closed();
        // No last chunk, and no error page inside the body.
        assert.match(client.unread, /^(?:[5a]\r\n)?(?:hello)?(?:\r\n)?$/);
      });
    }
  }
});
