/**
 * Defects found in http-proxy libraries: requests that ride inside other requests, and bytes that end the process or hang
 * a client for ever. node:test fails the test in which an uncaught exception happens.
 */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { answering, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

conformance('http-proxy attacks', ({ engine, test }) => {
  for (const method of ['DELETE', 'OPTIONS']) {
    test(`a: a chunked ${method} does not smuggle its body as a second request`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n';
      const client = await proxy.connect();
      await client.send(
        `${method} /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n` +
          `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n${GET}`,
      );
      assert.equal((await client.response()).status, 200);
      assert.equal((await client.response()).status, 200);
      assert.deepEqual(
        upstream.requests.map(({ line, body }) => [line, body]),
        [
          [`${method} / HTTP/1.1`, smuggled],
          ['GET / HTTP/1.1', ''],
        ],
      );
    });
  }

  for (const target of ['http://a:99999/', 'http://[/', 'http://', 'http://a:b/', '//[/', '//a:99999/x']) {
    test(`b: the target ${target} does not end the process`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const { status } = await proxy.get(target);
      // With two leading slashes it is a path like any other, and there is no route for it.
      assert.equal(status, target.startsWith('//') ? 404 : 400);
      assert.equal((await proxy.get('/volume')).status, 200);
    });
  }

  const poisonous: readonly (readonly [name: string, response: string, status: number])[] = [
    ['c: a status of 099', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n', 502],
    ['c: a status of 000', 'HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n', 502],
    ['d: a control character in the reason', 'HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n', 502],
    ['e: Trailer together with Content-Length', 'HTTP/1.1 200 OK\r\nTrailer: X-A\r\nContent-Length: 2\r\n\r\nok', 200],
    [
      'g: a 101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      502,
    ],
  ];
  for (const [name, response, status] of poisonous) {
    test(`${name} from an upstream neither ends the process nor hangs the client`, async t => {
      const upstream = await RawUpstream.start(t, answering(response));
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(GET);
      assert.equal((await client.response()).status, status);
      upstream.handler = answering();
      await client.send(GET);
      assert.equal((await client.response()).body, 'ok');
    });
  }

  const truncated: readonly (readonly [what: string, handler: UpstreamHandler])[] = [
    ['with a length', request => request.connection.finish('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')],
    [
      'in chunks',
      request => request.connection.finish('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    ],
  ];
  for (const [what, handler] of truncated) {
    test(`f: an upstream that closes within a body ${what} does not leave the client waiting`, async t => {
      const upstream = await RawUpstream.start(t, handler);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(GET);
      const response = await client.responseOrCut();
      assert.equal(response.status, 200);
      assert.equal(response.complete, false);
      assert.equal((await proxy.get('/nowhere')).status, 404);
    });
  }

  test('h: an upstream that never answers does not leave the client waiting', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { proxyReadTimeout: 300 },
    });
    assert.equal((await proxy.get('/volume')).status, 504);
  });
});
