/** How requests share connections, and where they go when one refuses them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBalanced } from '../../../support/balanced-proxy.ts';
import { eventually } from '../../../support/eventually.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { Http2Client, headersFrame } from '../../../support/http2-client.ts';
import { getFields } from '../../../support/http2-fields.ts';
import { type Frame, settings } from '../../../support/http2-frames.ts';
import { type ProxyUnderTest, startProxy } from '../../../support/proxy-under-test.ts';
import { answeringHttp2, type Http2Request, RawHttp2Upstream } from '../../../support/raw-http2-upstream.ts';
import { RawUpstream } from '../../../support/raw-upstream.ts';

const MAX_CONCURRENT_STREAMS = 3;
const REFUSED_STREAM = 7;
const PING = 6;
const H2C = { protocol: 'h2c' } as const;
/** After it, a connection with requests under way is looked at once more. */
const A_LOOK_MS = 10_200;

function post(proxy: ProxyUnderTest, body: string) {
  return proxy.exchange(`POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

/** Not the answer to one. */
function isPing({ type, flags }: Frame): boolean {
  return type === PING && flags === 0;
}

/** Does so with the first requests, and answers the others. */
function first(count: number, act: (request: Http2Request) => void) {
  let left = count;
  const answer = answeringHttp2();
  return (request: Http2Request) => {
    left -= 1;
    return left >= 0 ? act(request) : answer(request);
  };
}

describe('connections that requests share', { concurrency: true }, () => {
  it('requests that come at once wait for one connection, and share it', async t => {
    const upstream = await RawHttp2Upstream.start(t);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }] });
    const responses = await Promise.all(Array.from({ length: 40 }, () => proxy.get('/v')));
    assert.ok(responses.every(({ body }) => body === 'ok'));
    assert.equal(upstream.connections.length, 1);
    assert.deepEqual([proxy.counters.get('upstreamBusy'), proxy.counters.get('upstreamIdle')], [0, 1]);
  });

  it('a connection has as many streams as the upstream allows, and the others are on further ones', async t => {
    const held: Http2Request[] = [];
    const upstream = await RawHttp2Upstream.start(t, request => void held.push(request));
    upstream.settings = settings([MAX_CONCURRENT_STREAMS, 3]);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }] });
    const warm = proxy.get('/v');
    await eventually('the first', () => held.length === 1);
    held[0]?.head(200, [], true);
    await warm;
    const asked = Array.from({ length: 8 }, () => proxy.get('/v'));
    await eventually('all of them', () => held.length === 9);
    assert.deepEqual(
      upstream.connections.map(({ requests }) => requests.size),
      [4, 3, 2],
    );
    for (const request of held.slice(1)) request.head(200, [], true);
    await Promise.all(asked);
  });

  for (const [what, refuse] of [
    ['REFUSED_STREAM', request => request.reset(REFUSED_STREAM)],
    ['GOAWAY below it', request => request.connection.goaway(0)],
  ] as readonly (readonly [string, (request: Http2Request) => void])[]) {
    it(`a POST that is answered with ${what} is sent again, whole, on another connection`, async t => {
      const upstream = await RawHttp2Upstream.start(t, first(1, refuse));
      const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }] });
      assert.equal((await post(proxy, 'x'.repeat(60_000))).status, 200);
      assert.equal(upstream.connections.length, 2);
      assert.equal(upstream.requests[1]?.body, 'x'.repeat(60_000));
      const [line] = await proxy.logged(1);
      assert.deepEqual([line?.status, line?.reason, line?.earlierAttempts?.length], [200, '-', 1]);
    });
  }

  it('a body that is refused while it is on its way goes on where it was', async t => {
    const upstream = await RawHttp2Upstream.start(
      t,
      first(1, async request => {
        await request.bodyBytes(3);
        request.reset(REFUSED_STREAM);
      }),
    );
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }] });
    const client = await proxy.connect();
    await client.send('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc');
    await (await upstream.request(1)).bodyBytes(3);
    await client.send('defghi');
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.requests[1]?.body, 'abcdefghi');
  });

  it('a request is refused twice at most, and a body of more than 64 KiB once', async t => {
    const upstream = await RawHttp2Upstream.start(t, async request => {
      if (request.field('content-length') === '70000') await request.bodyBytes(60_000);
      request.reset(REFUSED_STREAM);
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }] });
    assert.equal((await post(proxy, 'abc')).status, 502);
    assert.equal(upstream.requests.length, 2);
    const client = await proxy.connect();
    client.push(`POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`);
    assert.equal((await client.response()).status, 502);
    assert.equal(upstream.requests.length, 3);
    assert.equal(proxy.counters.get('upstreamBusy'), 0);
  });

  it('a refused request goes to another pod, and each pod has its count back', async t => {
    const refusing = await RawHttp2Upstream.start(t, request => request.reset(REFUSED_STREAM));
    const serving = await RawHttp2Upstream.start(t);
    const balanced = await startBalanced(t, { endpoints: [{ at: refusing }, { at: serving }], cluster: H2C });
    for (let count = 0; count < 8; count += 1) assert.equal((await post(balanced.proxy, 'abc')).status, 200);
    assert.equal(serving.requests.length, 8);
    await eventually('nothing in flight', () => balanced.inFlight.every(count => count === 0));
  });

  it('streams below the last id of GOAWAY finish, and the connection ends with them', async t => {
    const upstream = await RawHttp2Upstream.start(t, () => undefined);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }] });
    const under = proxy.get('/v/under');
    const request = await upstream.request(0);
    request.connection.goaway(request.streamId);
    await request.connection.settled();
    const later = proxy.get('/v/later');
    const other = await upstream.request(1);
    assert.equal(upstream.connections.length, 2);
    request.head(200);
    request.data('done', true);
    other.head(200, [], true);
    assert.equal((await under).body, 'done');
    await later;
    await request.connection.ended();
  });

  it('requests are balanced one by one, whatever connections there are', async t => {
    const upstreams = [await RawHttp2Upstream.start(t), await RawHttp2Upstream.start(t)];
    const balanced = await startBalanced(t, {
      endpoints: upstreams.map(at => ({ at })),
      cluster: { ...H2C, balance: { policy: 'round-robin' } },
    });
    const client = await balanced.proxy.connect();
    for (let count = 0; count < 20; count += 1) {
      await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal((await client.response()).status, 200);
    }
    assert.deepEqual(
      upstreams.map(({ requests, connections }) => [requests.length, connections.length]),
      [
        [10, 1],
        [10, 1],
      ],
    );
  });

  it('max-requests counts streams', async t => {
    const held: Http2Request[] = [];
    const upstream = await RawHttp2Upstream.start(t, request => void held.push(request));
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream }], cluster: { ...H2C, maxRequests: 2 } });
    const asked = Array.from({ length: 3 }, () => balanced.proxy.get('/v'));
    await eventually(
      'two at the upstream, and one that waits',
      () => held.length === 2 && balanced.proxy.counters.get('upstreamPending') === 1,
    );
    held[0]?.head(200, [], true);
    await eventually('the third', () => held.length === 3);
    for (const request of held.slice(1)) request.head(200, [], true);
    assert.ok((await Promise.all(asked)).every(({ status }) => status === 200));
  });

  it('a change of the protocol has new connections, and the idle ones of before end', async t => {
    const upstream = await RawHttp2Upstream.start(t);
    const plain = await RawUpstream.start(t);
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream, id: 'pod' }], cluster: H2C });
    assert.equal((await balanced.proxy.get('/v')).body, 'ok');
    balanced.serve([{ at: plain, id: 'pod' }]);
    await upstream.connections[0]?.ended();
    assert.equal((await balanced.proxy.get('/v')).status, 200);
    assert.equal(plain.requests.length, 1);
  });

  it('an endpoint that goes ends its connection, at once or with its last stream', async t => {
    const held: Http2Request[] = [];
    const upstream = await RawHttp2Upstream.start(t, request => void held.push(request));
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream }], cluster: H2C });
    const asked = balanced.proxy.get('/v');
    await eventually('the request', () => held.length === 1);
    balanced.serve([]);
    assert.equal((await balanced.proxy.get('/v')).status, 503);
    held[0]?.head(200, [], true);
    assert.equal((await asked).status, 200);
    await upstream.connections[0]?.ended();
    await eventually('no connection', () => balanced.proxy.counters.get('upstreamIdle') === 0);
  });

  it('a connection that is idle for long ends, and one on which nothing comes is not used for others', async t => {
    const clock = new FakeClock();
    const upstream = await RawHttp2Upstream.start(t, request => {
      if (request.field(':path') === '/idle') request.head(200, [], true);
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }], clock });
    await proxy.get('/v/idle');
    await clock.pass(31_000);
    await upstream.connections[0]?.ended();
    await proxy.get('/v/idle');
    const silent = proxy.get('/v/silent');
    await upstream.request(2);
    await clock.pass(61_000);
    assert.equal((await silent).status, 504);
    await proxy.get('/v/idle');
    assert.equal(upstream.connections.length, 3);
  });

  it('a connection whose upstream answers no PING any more is left, and what is under way on it is not cut', async t => {
    const clock = new FakeClock();
    const upstream = await RawHttp2Upstream.start(
      t,
      first(1, () => undefined),
    );
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }], clock });
    const slow = proxy.get('/v/slow');
    const request = await upstream.request(0);
    await request.connection.settled();
    await clock.pass(A_LOOK_MS);
    request.connection.socket.pause();
    await clock.pass(A_LOOK_MS);
    await clock.pass(A_LOOK_MS);
    assert.equal((await proxy.get('/v')).status, 200);
    assert.equal(upstream.connections.length, 2);
    request.connection.socket.resume();
    await request.connection.frame('a PING', isPing);
    request.head(200, [], true);
    assert.equal((await slow).status, 200);
    await request.connection.ended();
  });

  it('a connection is left as well where each client gives up before it is looked at', async t => {
    const clock = new FakeClock();
    const upstream = await RawHttp2Upstream.start(t);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }], clock });
    assert.equal((await proxy.get('/v')).status, 200);
    const connection = (await upstream.request(0)).connection;
    connection.socket.pause();
    for (let count = 0; count < 6; count += 1) {
      const client = await proxy.connect();
      await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
      await eventually('it to be under way', () => proxy.counters.get('upstreamBusy') === 1);
      await clock.pass(4_000);
      client.destroy();
      await eventually('it to be given up', () => proxy.counters.get('upstreamBusy') === 0);
      await clock.pass(1_000);
    }
    assert.equal((await proxy.get('/v')).status, 200);
    assert.equal(upstream.connections.length, 2);
  });

  it('an upstream that is slow and answers a PING keeps its connection, and gets no other PING for 5 minutes', async t => {
    const clock = new FakeClock();
    const upstream = await RawHttp2Upstream.start(
      t,
      first(1, () => undefined),
    );
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream, cluster: H2C }], clock });
    const slow = proxy.get('/v/slow');
    const request = await upstream.request(0);
    const { connection } = request;
    await connection.settled();
    await clock.pass(A_LOOK_MS);
    await clock.pass(A_LOOK_MS);
    await connection.frame('a PING', isPing);
    await connection.settled();
    for (let look = 0; look < 3; look += 1) await clock.pass(A_LOOK_MS);
    assert.equal((await proxy.get('/v')).status, 200);
    assert.equal(upstream.connections.length, 1);
    assert.equal(connection.frames.filter(isPing).length, 1);
    request.head(200, [], true);
    assert.equal((await slow).status, 200);
  });

  it('a connect that fails, or takes too long, fails all that wait for it', async t => {
    const proxy = await startProxy(t, 'wire', {
      routes: [{ path: '/v', to: [{ host: '127.0.0.1', port: 1 }], cluster: H2C }],
    });
    const client = await Http2Client.connect(t, proxy.address);
    const ids = [1, 3, 5, 7, 9];
    // They come in one read: all of them wait before the connect can fail.
    client.send(...ids.map(id => headersFrame(id, getFields('/v'), true)));
    for (const id of ids) assert.equal((await client.response(id)).status, 502);
    assert.equal(proxy.counters.get('connectsFailed'), 2, 'one for all, and another try');
  });
});
