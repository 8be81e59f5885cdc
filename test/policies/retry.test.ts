import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { eventually } from '../support/eventually.ts';
import { requestFields } from '../support/http2-fields.ts';
import { RawHttp2Upstream } from '../support/raw-http2-upstream.ts';
import { answer, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { type PolicySceneOptions, policyScene } from './scene.ts';

const UNAVAILABLE = answer('busy', '', '503 Service Unavailable');

function retry(attempts = 2, nonIdempotent = false): Policy {
  return { kind: 'retry', attempts, statuses: [503, 504], nonIdempotent };
}

/** Answers one whole request after the other; the last answer stands for all further ones. */
function inTurn(...answers: readonly string[]): UpstreamHandler {
  let count = 0;
  return async request => {
    await request.whole();
    await request.connection.send(answers[Math.min(count++, answers.length - 1)] ?? '');
  };
}

function scene(t: TestContext, policy: Policy, respond: UpstreamHandler, options: PolicySceneOptions = {}) {
  return policyScene(t, [policy], { respond, ...options });
}

/** A request with a body of so many bytes. */
function withBody(method: string, size: number): string {
  return `${method} /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: ${size}\r\n\r\n${'b'.repeat(size)}`;
}

describe('retry', { concurrency: 8 }, () => {
  it('sends a request again where it is answered with a listed status, and logs both attempts', async t => {
    const { proxy, upstream } = await scene(t, retry(), inTurn(UNAVAILABLE, answer('fine')));
    const response = await proxy.get('/guarded');
    assert.deepEqual([response.status, response.body], [200, 'fine']);
    assert.equal(
      upstream.connections.length,
      1,
      'the answer is read to its end: its connection serves the next attempt',
    );
    const [line] = await proxy.logged(1);
    assert.deepEqual(
      line?.earlierAttempts?.map(({ status }) => status),
      [503],
    );
    assert.deepEqual([line?.status, line?.reason], [200, '-']);
    assert.equal(proxy.counters.get('retriesStatus'), 1);
  });

  it('gives the client the last answer when the attempts are used up', async t => {
    const { proxy, upstream } = await scene(t, retry(2), inTurn(UNAVAILABLE));
    const response = await proxy.get('/guarded');
    assert.deepEqual([response.status, response.body], [503, 'busy']);
    assert.equal(upstream.requests.length, 3);
    assert.equal((await proxy.get('/open')).status, 503);
    assert.equal(upstream.requests.length, 4, 'other routes have no retry');
  });

  it('passes on statuses that are not listed', async t => {
    const { proxy, upstream } = await scene(t, retry(), inTurn(answer('no', '', '502 Bad Gateway'), answer()));
    assert.equal((await proxy.get('/guarded')).status, 502);
    assert.equal(upstream.requests.length, 1);
  });

  it('sends a request that is not idempotent once, unless it is told otherwise', async t => {
    const once = await scene(t, retry(), inTurn(UNAVAILABLE, answer()));
    assert.equal((await once.proxy.exchange(withBody('POST', 5))).status, 503);
    assert.equal(once.upstream.requests.length, 1);
    const told = await scene(t, retry(1, true), inTurn(UNAVAILABLE, answer()));
    assert.equal((await told.proxy.exchange(withBody('POST', 5))).status, 200);
    assert.equal(told.upstream.requests.length, 2);
  });

  it('sends the same body again, however it came, and keeps nothing of it afterwards', async t => {
    const { proxy, upstream } = await scene(t, retry(2), inTurn(UNAVAILABLE, UNAVAILABLE, answer()));
    const client = await proxy.connect();
    await client.send('PUT /guarded HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n', '6\r\nfirst \r\n');
    await upstream.request(0);
    await client.send('6\r\nsecond\r\n', '0\r\nX-Sum: 7\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.deepEqual(
      upstream.requests.map(({ body, trailers }) => [body, trailers]),
      Array.from({ length: 3 }, () => ['first second', [['X-Sum', '7']]]),
    );
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });

  it('sends a body of 64 KiB again, and a longer one once', async t => {
    const { proxy, upstream } = await scene(t, retry(1), inTurn(UNAVAILABLE, answer(), UNAVAILABLE));
    assert.equal((await proxy.exchange(withBody('PUT', 65_536))).status, 200);
    assert.deepEqual(
      upstream.requests.map(({ body }) => body.length),
      [65_536, 65_536],
    );
    assert.equal((await proxy.exchange(withBody('PUT', 65_537))).status, 503);
    assert.equal(upstream.requests.length, 3);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });

  it('passes on an answer that comes before the request is whole', async t => {
    const { proxy, upstream } = await scene(t, retry(), ({ connection }) => connection.send(UNAVAILABLE));
    const client = await proxy.connect();
    await client.send('PUT /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf');
    assert.equal((await client.response()).status, 503);
    assert.equal(upstream.requests.length, 1);
  });

  it('asks another endpoint of a balanced cluster first', async t => {
    let asked = 0;
    const respond: UpstreamHandler = ({ connection }) => connection.send(asked++ < 2 ? UNAVAILABLE : answer('fine'));
    const pods = await Promise.all(Array.from({ length: 3 }, () => RawUpstream.start(t, respond)));
    const route = { to: pods.map(({ address }) => address), cluster: { balance: { policy: 'round-robin' } } } as const;
    const { proxy } = await scene(t, retry(2), respond, { route });
    assert.equal((await proxy.get('/guarded')).body, 'fine');
    assert.deepEqual(
      pods.map(({ requests }) => requests.length),
      [1, 1, 1],
    );
  });

  it('asks the same endpoint of a balanced cluster where there is no other', async t => {
    const pod = await RawUpstream.start(t, inTurn(UNAVAILABLE, answer('fine')));
    const route = { to: [pod.address], cluster: { balance: { policy: 'round-robin' } } } as const;
    const { proxy } = await scene(t, retry(), inTurn(), { route });
    assert.equal((await proxy.get('/guarded')).body, 'fine');
  });

  const LEFT: readonly (readonly [what: string, refusal: string])[] = [
    ['is large', answer('x'.repeat(100_000), '', '503 Service Unavailable')],
    ['is cut', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\nhalf'],
    ['has malformed chunks', 'HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['grows', `HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n${'x'.repeat(65_536)}`],
  ];
  for (const [what, refusal] of LEFT) {
    it(`leaves the connection of an answer that ${what}`, async t => {
      let count = 0;
      const { proxy, upstream } = await scene(t, retry(), ({ connection }) => {
        count += 1;
        if (count > 1) return connection.send(answer('fine'));
        if (what === 'is cut') return connection.finish(refusal);
        return connection.send(refusal);
      });
      assert.equal((await proxy.get('/guarded')).body, 'fine');
      assert.equal(upstream.connections.length, 2);
      await upstream.connections[0]?.closed();
      await eventually('nothing to be kept', () => proxy.keptBytes === 0);
    });
  }

  it('is over when the client leaves meanwhile', async t => {
    const { proxy, upstream } = await scene(t, retry(), ({ connection }) =>
      connection.send('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\nhalf'),
    );
    const client = await proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    await upstream.request(0);
    client.reset();
    const [line] = await proxy.logged(1);
    assert.equal(line?.reason, 'client_left');
    assert.equal(upstream.requests.length, 1);
  });

  it('of a storm asks so often as it says and no more, and keeps nothing of it', async t => {
    const { proxy, upstream } = await scene(t, retry(2), inTurn(UNAVAILABLE));
    const clients = await Promise.all(Array.from({ length: 50 }, () => proxy.connect()));
    await Promise.all(clients.map(client => client.send(withBody('PUT', 1_000))));
    for (const client of clients) assert.equal((await client.response()).status, 503);
    assert.equal(upstream.requests.length, 150);
    assert.ok(upstream.requests.every(({ body }) => body.length === 1_000));
    assert.equal(proxy.counters.get('retriesStatus'), 100);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
    assert.equal(proxy.notices.length, 0);
  });

  it('keeps no body where the memory for clients is half used: such a request is sent once', async t => {
    const clientBytes = 2 << 20;
    const { proxy, upstream } = await scene(t, retry(2), inTurn(UNAVAILABLE), { clientBytes });
    const clients = await Promise.all(Array.from({ length: 40 }, () => proxy.connect()));
    // Each is kept, because none of them is whole.
    const [first = '', last = ''] = [withBody('PUT', 60_000).slice(0, -1), 'b'];
    await Promise.all(clients.map(client => client.send(first)));
    await upstream.request(clients.length - 1);
    await Promise.all(upstream.requests.map(request => request.bodyBytes(59_999)));
    assert.ok(proxy.keptBytes <= clientBytes / 2 + 65_536 + 16_384, `${proxy.keptBytes}`);
    await Promise.all(clients.map(client => client.send(last)));
    for (const client of clients) assert.equal((await client.response()).status, 503);
    const attempts = upstream.requests.length;
    assert.ok(attempts > clients.length && attempts < 3 * clients.length, `${attempts}`);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
    await clients[0]?.send(withBody('PUT', 60_000));
    assert.equal((await clients[0]?.response())?.status, 503);
    assert.equal(upstream.requests.length, attempts + 3, 'bodies are kept again');
  });

  it('serves clients and upstreams of HTTP/2 alike', async t => {
    let count = 0;
    const upstream = await RawHttp2Upstream.start(t, async request => {
      await request.whole();
      count += 1;
      request.head(count === 1 ? 503 : 200, []);
      request.data(count === 1 ? 'busy' : 'fine', true);
    });
    const { http2 } = bound(
      await scene(t, retry(), inTurn(), { route: { to: upstream, cluster: { protocol: 'h2c' } } }),
    );
    const client = await http2();
    const response = await client.exchange(requestFields('PUT', '/guarded'), 'body');
    assert.deepEqual([response.status, response.body], [200, 'fine']);
    assert.deepEqual(
      upstream.requests.map(({ body }) => body),
      ['body', 'body'],
    );
    assert.equal(upstream.connections.length, 1);
  });
});

function bound(of: Awaited<ReturnType<typeof scene>>) {
  return { http2: () => of.http2() };
}
