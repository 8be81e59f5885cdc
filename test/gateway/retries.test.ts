/** Retries as rules of HTTPRoutes ask for them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RetryPolicy } from '../../src/model/policy.ts';
import { policyScene } from '../policies/scene.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { answer, answering, NOBODY, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';

const BALANCED = { balance: { policy: 'round-robin' } } as const;
const BUSY = answer('busy', '', '503 Service Unavailable');
const POST = 'POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi';

function retry(attempts: number, more: Partial<RetryPolicy> = {}): RetryPolicy {
  return { kind: 'retry', attempts, statuses: [500, 503], nonIdempotent: true, countsFailures: true, ...more };
}

const resets: UpstreamHandler = async request => {
  await request.whole();
  request.connection.reset();
};

describe('retries of rules', { concurrency: 8 }, () => {
  it('reach the pod that takes connections, whatever the method', async t => {
    const good = await RawUpstream.start(t, answering(answer('good')));
    const route = { to: [NOBODY, good.address], cluster: BALANCED };
    const { proxy } = await policyScene(t, [retry(100)], { route });
    for (let count = 0; count < 10; count += 1) assert.equal((await proxy.get('/guarded')).body, 'good');
    for (let count = 0; count < 2; count += 1) assert.equal((await proxy.exchange(POST)).body, 'good');
  });

  for (const attempts of [0, 1, 4]) {
    it(`are ${attempts} where no pod takes connections: then the request fails`, async t => {
      const route = { to: [NOBODY], cluster: BALANCED };
      const { proxy } = await policyScene(t, [retry(attempts)], { route });
      assert.equal((await proxy.get('/guarded')).status, 502);
      const [line] = await proxy.logged(1);
      assert.deepEqual([line?.reason, line?.earlierAttempts?.length ?? 0], ['upstream_refused', attempts]);
      assert.deepEqual(
        [proxy.counters.get('connectsFailed'), proxy.counters.get('retriesConnect')],
        [attempts + 1, attempts],
      );
    });
  }

  it('follow a connection that breaks before the answer, where the method may be sent twice', async t => {
    let count = 0;
    const respond: UpstreamHandler = request => (count++ < 2 ? resets(request) : answering(answer('fine'))(request));
    const { proxy, upstream } = await policyScene(t, [retry(2)], { respond });
    assert.equal((await proxy.get('/guarded')).body, 'fine');
    assert.equal(upstream.requests.length, 3);
    const post = await policyScene(t, [retry(2)], { respond: resets });
    assert.equal((await post.proxy.exchange(POST)).status, 502);
    assert.equal(post.upstream.requests.length, 1);
  });

  it('send a POST with its body again where an answer has one of the codes, up to the bound of what is kept', async t => {
    const respond: UpstreamHandler = async request => {
      await request.whole();
      await request.connection.send(upstreamAnswers.shift() ?? answer('fine'));
    };
    const upstreamAnswers = [BUSY, BUSY];
    const { proxy, upstream } = await policyScene(t, [retry(2)], { respond });
    assert.equal((await proxy.exchange(POST)).body, 'fine');
    assert.deepEqual(
      upstream.requests.map(({ body }) => body),
      ['hi', 'hi', 'hi'],
    );
    upstreamAnswers.push(BUSY);
    const size = 64 * 1024 + 1;
    const long = `POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`;
    assert.equal((await proxy.exchange(long)).body, 'busy');
    assert.equal(upstream.requests.length, 4);
  });

  it('give the last answer when they are used up', async t => {
    const { proxy, upstream } = await policyScene(t, [retry(2)], { respond: answering(BUSY) });
    assert.equal((await proxy.get('/guarded')).body, 'busy');
    assert.equal(upstream.requests.length, 3);
  });

  it('wait as long as the rule says at least, and twice as long each time', async t => {
    const clock = new FakeClock();
    const policy = retry(3, { backoffMs: 1_000 });
    const { proxy, upstream } = await policyScene(t, [policy], { respond: answering(BUSY), clock });
    const { pending } = clock;
    const client = await proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    for (const [index, least] of [1_000, 2_000, 4_000].entries()) {
      const isWaiting = (): boolean => upstream.requests.length === index + 1 && clock.pending > pending;
      await eventually('the wait to begin', isWaiting);
      await clock.pass(least - 1);
      assert.equal(upstream.requests.length, index + 1);
      // Chance adds up to a quarter.
      await clock.pass(least / 4 + 2);
    }
    assert.equal((await client.response()).body, 'busy');
    assert.equal(upstream.requests.length, 4);
  });
});
