/** kube-entry.io/max-requests: no endpoint has more requests in flight, and those beyond wait for a moment, in order. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type BalancedProxy, startBalanced } from '../../support/balanced-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { answer, RawUpstream } from '../../support/raw-upstream.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly upstream: RawUpstream;
  readonly balanced: BalancedProxy;
  /** Sends requests that each have a connection, one after the other. */
  ask(...targets: readonly string[]): Promise<RawClient[]>;
  /** Answers the request with this number at the upstream. */
  answers(index: number): Promise<void>;
}

async function scene(t: TestContext, maxRequests = 1): Promise<Scene> {
  const clock = new FakeClock();
  const upstream = await RawUpstream.start(t, () => undefined);
  const balanced = await startBalanced(t, { endpoints: [{ at: upstream }], cluster: { maxRequests }, clock });
  const { counters } = balanced.proxy;
  const ask = async (...targets: readonly string[]): Promise<RawClient[]> => {
    const clients: RawClient[] = [];
    for (const target of targets) {
      const before = counters.get('requests');
      const client = await balanced.proxy.connect();
      await client.send(`GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`);
      // It is counted with its first byte: only when its head is read has it got its place.
      const isRead = () => counters.get('requests') > before && counters.get('reading') === 0;
      await eventually('the request to come', isRead);
      clients.push(client);
    }
    return clients;
  };
  const answers = async (index: number): Promise<void> => {
    const { connection, target } = await upstream.request(index);
    await connection.send(answer(target));
  };
  return { clock, upstream, balanced, ask, answers };
}

const targets = (upstream: RawUpstream): string[] => upstream.requests.map(({ target }) => target);

describe('max-requests', { concurrency: true }, () => {
  it('requests beyond it wait, and go in the order in which they came', async t => {
    const { balanced, upstream, ask, answers } = await scene(t, 2);
    const { counters } = balanced.proxy;
    // The two that go at once have a connection each: the first is there before the second goes.
    const clients = await ask('/v/0');
    await upstream.request(0);
    clients.push(...(await ask('/v/1', '/v/2', '/v/3', '/v/4')));
    await eventually('three to wait', () => counters.get('upstreamPending') === 3);
    assert.deepEqual([upstream.requests.length, balanced.inFlight[0]], [2, 2]);
    for (const index of [0, 1, 2, 3, 4]) {
      await answers(index);
      assert.equal((await (clients[index] as RawClient).response()).body, `/${index}`);
      assert.ok((balanced.inFlight[0] as number) <= 2);
    }
    assert.deepEqual(targets(upstream), ['/0', '/1', '/2', '/3', '/4']);
    assert.deepEqual([...balanced.inFlight, counters.get('upstreamPending')], [0, 0, 0]);
  });

  it('a request that waits for a second gets 503, and when to ask again', async t => {
    const { balanced, clock, ask, upstream } = await scene(t);
    const [, second] = await ask('/v/0', '/v/1');
    await eventually('one to wait', () => balanced.proxy.counters.get('upstreamPending') === 1);
    await clock.pass(999);
    assert.equal(second?.unread, '');
    await clock.pass(1);
    const { status, headers } = (await second?.response()) ?? {};
    assert.deepEqual([status, new Map(headers).get('Retry-After')], [503, '1']);
    const [line] = await balanced.proxy.logged(1);
    assert.deepEqual([line?.reason, line?.upstream], ['endpoints_busy', '']);
    assert.deepEqual([upstream.requests.length, balanced.proxy.counters.get('upstreamPending')], [1, 0]);
  });

  it('a hundred wait, and the next one does not', async t => {
    const { balanced, ask } = await scene(t);
    await ask('/v/first', ...Array.from({ length: 100 }, (_, index) => `/v/${index}`));
    const [refused] = await ask('/v/refused');
    assert.equal((await refused?.response())?.status, 503);
    assert.equal(balanced.proxy.counters.get('upstreamPending'), 100);
  });

  it('a client that leaves waits no more, and nothing of its request is sent', async t => {
    const { balanced, ask, answers, upstream } = await scene(t);
    const { counters } = balanced.proxy;
    const [, leaving, staying] = await ask('/v/0', '/v/1', '/v/2');
    await eventually('two to wait', () => counters.get('upstreamPending') === 2);
    leaving?.destroy();
    await eventually('one to wait', () => counters.get('upstreamPending') === 1);
    await answers(0);
    await answers(1);
    assert.equal((await staying?.response())?.body, '/2');
    assert.deepEqual(targets(upstream), ['/0', '/2']);
  });

  it('room that another worker has made is seen', async t => {
    const { balanced, clock, ask, upstream } = await scene(t);
    // The board of the test has one row; what another worker counts there is in the same sum.
    const row = balanced.board.row(0);
    row.begin(0);
    await ask('/v/0');
    await eventually('one to wait', () => balanced.proxy.counters.get('upstreamPending') === 1);
    row.end(0);
    await clock.pass(10);
    await upstream.request(0);
  });

  it('a request whose kept connection was closed keeps its place before those that wait', async t => {
    const { balanced, ask, answers, upstream } = await scene(t);
    const { counters } = balanced.proxy;
    const [first] = await ask('/v/0');
    await answers(0);
    await first?.response();
    await eventually('an idle connection', () => counters.get('upstreamIdle') === 1);
    const [second, third] = await ask('/v/1', '/v/2');
    const { connection } = await upstream.request(1);
    await eventually('one to wait', () => counters.get('upstreamPending') === 1);
    connection.reset();
    await answers(2);
    assert.equal((await second?.response())?.body, '/1');
    await answers(3);
    assert.equal((await third?.response())?.body, '/2');
    assert.deepEqual([counters.get('retriesStale'), ...balanced.inFlight], [1, 0, 0]);
  });

  it('a body that comes while its request waits goes out whole', async t => {
    const { balanced, ask, answers, upstream } = await scene(t);
    await ask('/v/0');
    const client = await balanced.proxy.connect();
    await client.send('POST /v/1 HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello', 'world');
    await eventually('one to wait', () => balanced.proxy.counters.get('upstreamPending') === 1);
    await answers(0);
    await (await upstream.request(1)).whole();
    assert.equal(upstream.requests[1]?.body, 'helloworld');
    await answers(1);
    assert.equal((await client.response()).status, 200);
  });

  it('those that wait go on at a new endpoint, at a higher limit, and not at all where none is left', async t => {
    const { balanced, ask, upstream } = await scene(t);
    const second = await RawUpstream.start(t, () => undefined);
    const [, , , last] = await ask('/v/0', '/v/1', '/v/2', '/v/3');
    balanced.serve([{ at: upstream }, { at: second }], { maxRequests: 1 });
    await second.request(0);
    balanced.serve([{ at: upstream }, { at: second }], { maxRequests: 2 });
    await eventually('two at each', () => upstream.requests.length === 2 && second.requests.length === 2);
    const [waiting] = await ask('/v/4');
    balanced.serve([]);
    assert.equal((await waiting?.response())?.status, 503);
    assert.equal(balanced.proxy.counters.get('upstreamPending'), 0);
    assert.equal(last?.unread, '');
  });

  it('a tunnel is no request in flight', async t => {
    const { balanced, ask, answers, upstream } = await scene(t);
    upstream.handler = async request => {
      if (request.target === '/ws')
        await request.connection.send(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
        );
    };
    const client = await balanced.proxy.connect();
    await client.send('GET /v/ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    assert.equal((await client.head()).status, 101);
    assert.deepEqual(balanced.inFlight, [0, 0]);
    const [other] = await ask('/v/1');
    await answers(1);
    assert.equal((await other?.response())?.status, 200);
    client.destroy();
    await balanced.proxy.logged(2);
    assert.deepEqual(balanced.inFlight, [0, 0]);
  });
});
