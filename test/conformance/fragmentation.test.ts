/** TCP has no message boundaries: where the pieces of a request or response are cut must not matter. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const REQUESTS =
  'POST /volume/a%41?q HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nX-A:  1\r\n\r\n' +
  '3;x=y\r\nabc\r\n0\r\nX-T: 2\r\n\r\nGET /volume/b HTTP/1.1\r\nHost: test\r\n\r\n';
const RESPONSE =
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A:  1\r\n\r\n' +
  '3;x=y\r\nabc\r\n0\r\nX-T: 2\r\n\r\n';

const twoPieces = (text: string, at: number) => [text.slice(0, at), text.slice(at)] as const;

conformance('fragmentation', ({ engine, test }) => {
  const assertRequests = (upstream: RawUpstream, at: string) => {
    const seen = upstream.requests.slice(-2).map(request => {
      const { line, body, trailers } = request;
      return [line, request.header('x-a'), body, trailers];
    });
    assert.deepEqual(
      seen,
      [
        ['POST /aA?q HTTP/1.1', '1', 'abc', [['X-T', '2']]],
        ['GET /b HTTP/1.1', undefined, '', []],
      ],
      at,
    );
  };

  test('two requests may be cut at every byte', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (let at = 1; at < REQUESTS.length; at += 1) {
      await client.send(...twoPieces(REQUESTS, at));
      assert.equal((await client.response()).status, 200);
      assert.equal((await client.response()).status, 200);
      assertRequests(upstream, `cut at ${at}`);
    }
  });

  test('two requests may come byte by byte', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(...REQUESTS);
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.response()).status, 200);
    assertRequests(upstream, 'byte by byte');
  });

  test('a response may be cut at every byte', async t => {
    let at = 1;
    const upstream = await RawUpstream.start(t, request => request.connection.send(...twoPieces(RESPONSE, at)));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (; at < RESPONSE.length; at += 1) {
      await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
      const { interim, status, body, trailers } = await client.response();
      assert.deepEqual(
        [interim.map(head => head.status), status, body, trailers],
        [[103], 200, 'abc', [['X-T', '2']]],
        `cut at ${at}`,
      );
    }
    assert.equal(upstream.connections.length, 1);
  });

  test('a response may come byte by byte', async t => {
    const { promise: lastWent, resolve } = Promise.withResolvers<void>();
    const upstream = await RawUpstream.start(t, request => request.connection.send(...RESPONSE).then(resolve));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    // That many turns of a busy event loop are not measured against the time in which an answer must come.
    await lastWent;
    assert.equal((await client.response()).body, 'abc');
  });

  test('requests sent in one piece are answered in order', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      // The first answers last: an engine that asks for several at a time must still keep their order.
      await request.whole();
      if (request.target === '/0') await new Promise(resolve => setTimeout(resolve, 100));
      await answering(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${request.target}`)(request);
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    const count = 10;
    const requests = Array.from({ length: count }, (_, index) =>
      index % 3 === 0
        ? `POST /volume/${index} HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc`
        : `GET ${index % 3 === 1 ? '/volume/' : '/none/'}${index} HTTP/1.1\r\nHost: test\r\n\r\n`,
    );
    await client.send(requests.join(''));
    const answers: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { status, body } = await client.response();
      answers.push(status === 200 ? body : String(status));
    }
    assert.deepEqual(answers, ['/0', '/1', '404', '/3', '/4', '404', '/6', '/7', '404', '/9']);
    assert.deepEqual(
      (await proxy.logged(count)).map(({ requestLine }) => requestLine),
      requests.map(request => request.slice(0, request.indexOf('\r\n'))),
    );
  });

  test('what is pipelined behind Connection: close is neither answered nor forwarded', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(
      'GET /volume/1 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\nGET /volume/2 HTTP/1.1\r\nHost: test\r\n\r\n',
    );
    assert.equal((await client.response()).status, 200);
    client.end();
    await client.closed();
    assert.equal(client.unread, '');
    assert.equal(upstream.requests.length, 1);
  });

  for (const [what, bytes] of [
    ['a request', 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n'],
    ['a request with a body', 'POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc'],
    ['three pipelined requests', 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(3)],
  ] as const) {
    // A FIN does not say whether the client still reads. nginx takes it that the client has left, and so do we.
    test(`a client that half-closes after ${what} is gone: 499, and the upstream connection ends`, async t => {
      const upstream = await RawUpstream.start(t, () => {});
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(bytes);
      const request = await upstream.request(0);
      await request.whole();
      client.end();
      await client.closed();
      await request.connection.closed();
      assert.equal(client.receivedBytes, 0);
      assert.equal(upstream.requests.length, 1);
      const [line] = await proxy.logged(1);
      assert.equal(line?.status, 499);
    });
  }

  test('a client that half-closes once it has its answer is closed in turn', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    client.end();
    assert.equal(await client.closed(), 'fin');
  });

  test('a client that half-closes within a body gets no 200, and the upstream no whole request', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc');
    await upstream.request(0);
    client.end();
    await client.closed();
    assert.doesNotMatch(client.unread, / 200 /);
    await upstream.only.connection.closed();
    assert.deepEqual(upstream.completeRequests, []);
  });
});
