/** Requests and responses over HTTP/2 to upstreams: what goes there, and what comes back. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../../support/eventually.ts';
import { type ProxyUnderTest, startProxy } from '../../../support/proxy-under-test.ts';
import { answeringHttp2, type Http2Handler, RawHttp2Upstream } from '../../../support/raw-http2-upstream.ts';

async function start(t: TestContext, handler: Http2Handler): Promise<[ProxyUnderTest, RawHttp2Upstream]> {
  const upstream = await RawHttp2Upstream.start(t, handler);
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }] });
  return [proxy, upstream];
}

describe('messages over HTTP/2 to upstreams', { concurrency: true }, () => {
  it('a request has pseudo-fields, and the fields that an HTTP/1.1 upstream would get', async t => {
    const [proxy, upstream] = await start(t, answeringHttp2());
    const lines = 'X-Request-ID: 42\r\nX-Foo:  Bar \r\nTE: trailers\r\nConnection: X-Hop, TE\r\nX-Hop: 1\r\n';
    assert.equal((await proxy.get('/v/a?b=c', lines)).status, 200);
    assert.deepEqual(upstream.requests[0]?.fields, [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', 'test'],
      [':path', '/a?b=c'],
      ['x-real-ip', '127.0.0.1'],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', 'test'],
      ['x-forwarded-prefix', '/v'],
      ['x-request-id', '42'],
      ['te', 'trailers'],
      ['x-foo', 'Bar'],
    ]);
  });

  it('an upgrade is not offered: the request goes on as a plain one', async t => {
    const [proxy, upstream] = await start(t, answeringHttp2());
    assert.equal((await proxy.get('/v', 'Connection: Upgrade\r\nUpgrade: websocket\r\n')).status, 200);
    assert.equal(upstream.requests[0]?.field('upgrade'), undefined);
    assert.equal(upstream.requests[0]?.field('connection'), undefined);
  });

  it('a body with a length, and one in chunks with trailers, arrive whole', async t => {
    const [proxy, upstream] = await start(t, answeringHttp2());
    await proxy.exchange('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello');
    const chunked = 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n there\r\n0\r\nX-Sum: 1\r\n\r\n';
    await proxy.exchange(`POST /v HTTP/1.1\r\nHost: test\r\n${chunked}`);
    const [first, second] = upstream.requests;
    assert.deepEqual([first?.body, first?.field('content-length')], ['hello', '5']);
    assert.deepEqual([second?.body, second?.field('content-length')], ['hello there', undefined]);
    assert.deepEqual(second?.trailers, [['x-sum', '1']]);
    assert.equal(upstream.connections.length, 1);
  });

  it('a response goes on with its fields, its body and its trailers', async t => {
    const [proxy] = await start(t, request => {
      request.head(203, [
        ['x-a', '1'],
        ['x-accel-redirect', '/secret'],
        ['proxy-authenticate', 'Basic'],
      ]);
      request.data('abc');
      request.data('def');
      request.trailersFrame([
        ['x-sum', '9'],
        ['content-length', '1'],
      ]);
    });
    const response = await proxy.get('/v');
    assert.equal(response.status, 203);
    assert.equal(response.body, 'abcdef');
    assert.match(response.raw, /^HTTP\/1\.1 203 Non-Authoritative Information\r\nx-a: 1\r\nDate: .*\r\n/);
    assert.doesNotMatch(response.raw, /accel|proxy-authenticate/i);
    assert.deepEqual(response.trailers, [['x-sum', '9']]);
  });

  it('a response that ends with its head, a HEAD, a 204 and a 304 keep the connection of the client', async t => {
    const [proxy] = await start(t, request => {
      const path = request.field(':path');
      if (path === '/head') request.head(200, [['content-length', '7']], true);
      else request.head(Number(path?.slice(1)), [], true);
    });
    const client = await proxy.connect();
    for (const [method, target, status] of [
      ['GET', '/v/200', 200],
      ['GET', '/v/204', 204],
      ['GET', '/v/304', 304],
      ['HEAD', '/v/head', 200],
      ['GET', '/v/404', 404],
    ] as const) {
      await client.send(`${method} ${target} HTTP/1.1\r\nHost: test\r\n\r\n`);
      const response = await client.response({ head: method === 'HEAD' });
      assert.deepEqual([response.status, response.body], [status, ''], target);
    }
  });

  it('interim responses go on, and 100 lets the client send its body', async t => {
    const [proxy, upstream] = await start(t, async request => {
      request.head(100);
      request.head(103, [['link', '</a>']]);
      await request.whole();
      request.head(200);
      request.data('done', true);
    });
    const client = await proxy.connect();
    await client.send('POST /v HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    await eventually('the interim responses', () => client.unread.includes('103 Early Hints'));
    await client.send('ok');
    const { interim, body } = await client.response();
    assert.deepEqual([interim.map(({ status }) => status), body], [[100, 103], 'done']);
    assert.equal(upstream.requests[0]?.field('expect'), '100-continue');
  });

  it('an early answer ends the upload, and the connection serves others', async t => {
    const [proxy, upstream] = await start(t, request => {
      request.head(413);
      request.data('no', true);
    });
    const client = await proxy.connect();
    await client.send('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\nabc');
    assert.equal((await client.response()).status, 413);
    assert.equal(await upstream.requests[0]?.wasReset(), 8);
    assert.equal((await proxy.get('/v')).status, 413);
    assert.equal(upstream.connections.length, 1);
  });

  it('a client that leaves cancels its stream, and no other', async t => {
    const [proxy, upstream] = await start(t, () => undefined);
    const leaving = await proxy.connect();
    const staying = await proxy.connect();
    for (const client of [leaving, staying]) await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    const left = await upstream.request(0);
    const stays = await upstream.request(1);
    leaving.destroy();
    assert.equal(await left.wasReset(), 8);
    stays.head(200);
    stays.data('still here', true);
    assert.equal((await staying.response()).body, 'still here');
  });

  it('a stream that the upstream resets is answered with 502, and one that had begun is cut', async t => {
    const [proxy] = await start(t, request => {
      if (request.field(':path') === '/late') {
        request.head(200);
        request.data('abc');
      }
      request.reset(2);
    });
    assert.equal((await proxy.get('/v/early')).status, 502);
    const client = await proxy.connect();
    await client.send('GET /v/late HTTP/1.1\r\nHost: test\r\n\r\n');
    await assert.rejects(client.response());
    const [early, late] = await proxy.logged(2);
    assert.equal(early?.reason, 'upstream_stream_reset');
    assert.equal(late?.reason, 'response_cut_by_reset');
  });
});
