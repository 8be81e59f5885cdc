/** Time limits of rules, by a clock that a test puts forward. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Policy, RetryPolicy } from '../../src/model/policy.ts';
import type { GatewayRoute } from '../../src/model/route.ts';
import { type PolicyScene, policyScene } from '../policies/scene.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fieldOf } from '../support/http2-client.ts';
import { requestFields } from '../support/http2-fields.ts';
import type { RouteDescription } from '../support/proxy-under-test.ts';
import { answer, type UpstreamHandler } from '../support/raw-upstream.ts';
import { startSilentListener } from '../support/silent-listener.ts';

/** Less than the limits of the tests, with what a limit is later than it says. */
const LIMIT_MS = 500;
const BEFORE_MS = 400;
const PASSED_MS = 700;
/** More than the wait before the only endpoint is asked once more. */
const WAIT_MS = 200;

const never: UpstreamHandler = () => undefined;
const GET = 'GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n';

interface Timed {
  readonly scene: PolicyScene;
  readonly clock: FakeClock;
}

async function timed(
  t: TestContext,
  gateway: Partial<GatewayRoute>,
  respond: UpstreamHandler = never,
  policies: readonly Policy[] = [],
  route: Partial<RouteDescription> = {},
): Promise<Timed> {
  const clock = new FakeClock();
  return { scene: await policyScene(t, policies, { respond, clock, route: { gateway, ...route } }), clock };
}

const LIMITS = [
  ['requestTimeoutMs', 'route_request_timeout', 'response_cut_by_request_timeout'],
  ['backendTimeoutMs', 'route_backend_timeout', 'response_cut_by_backend_timeout'],
] as const;

describe('time limits of rules', { concurrency: 8 }, () => {
  for (const [field, reason, lateReason] of LIMITS) {
    it(`${field}: a request that takes longer gets 504, and one of another rule goes on`, async t => {
      const { scene, clock } = await timed(t, { [field]: LIMIT_MS });
      const { proxy, upstream } = scene;
      const [client, open] = [await proxy.connect(), await proxy.connect()];
      await client.send(GET);
      await upstream.request(0);
      await open.send(GET.replace('/guarded', '/open'));
      const other = await upstream.request(1);
      await clock.pass(BEFORE_MS);
      assert.equal(proxy.logLines.length, 0);
      await clock.pass(PASSED_MS - BEFORE_MS);
      assert.equal((await client.response()).status, 504);
      const [line] = await proxy.logged(1);
      assert.deepEqual([line?.reason, line?.status], [reason, 504]);
      await other.connection.send(answer());
      assert.equal((await open.response()).status, 200);
      // The connection goes on, and the limit of its next request begins anew.
      await client.send(GET);
      const next = await upstream.request(2);
      await clock.pass(BEFORE_MS);
      await next.connection.send(answer());
      assert.equal((await client.response()).status, 200);
      await proxy.logged(3);
      await clock.pass(PASSED_MS);
      assert.equal(proxy.logLines.length, 3);
    });

    it(`${field}: a response that has begun is cut`, async t => {
      const begun = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc';
      const { scene, clock } = await timed(t, { [field]: LIMIT_MS }, ({ connection }) => connection.send(begun));
      const client = await scene.proxy.connect();
      await client.send(GET);
      await client.head();
      await clock.pass(PASSED_MS);
      await client.closed();
      const [line] = await scene.proxy.logged(1);
      assert.deepEqual([line?.reason, line?.status], [lateReason, 200]);
    });

    it(`${field}: a tunnel goes on`, async t => {
      const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n';
      const { scene, clock } = await timed(t, { [field]: LIMIT_MS }, async ({ connection }) => {
        connection.tunnel();
        await connection.send(switching);
      });
      const client = await scene.proxy.connect();
      await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n');
      assert.equal((await client.head()).status, 101);
      await clock.pass(PASSED_MS);
      await client.send('ping');
      assert.equal(await (await scene.upstream.connection(0)).tunnelBytes(4), 'ping');
    });

    it(`${field}: a call of gRPC gets DEADLINE_EXCEEDED`, async t => {
      const { scene, clock } = await timed(t, { [field]: LIMIT_MS });
      const client = await scene.http2();
      const asked = client.exchange(requestFields('POST', '/guarded', [['content-type', 'application/grpc']]));
      await scene.upstream.request(0);
      await clock.pass(PASSED_MS);
      const { status, fields } = await asked;
      assert.deepEqual([status, fieldOf(fields, 'grpc-status')], [200, '4']);
      assert.equal((await scene.proxy.logged(1))[0]?.reason, reason);
    });
  }

  it('a request that waits for a connection gets 504', async t => {
    const { scene, clock } = await timed(t, { requestTimeoutMs: LIMIT_MS }, never, [], {
      to: [await startSilentListener(t)],
    });
    const { pending } = clock;
    const client = await scene.proxy.connect();
    await client.send(GET);
    await eventually('the connection to be asked for', () => clock.pending > pending);
    await clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 504);
    assert.equal((await scene.proxy.logged(1))[0]?.reason, 'route_request_timeout');
  });

  it('a client that leaves ends its limits with it', async t => {
    const { scene, clock } = await timed(t, { requestTimeoutMs: LIMIT_MS, backendTimeoutMs: LIMIT_MS });
    const client = await scene.proxy.connect();
    await client.send(GET);
    await scene.upstream.request(0);
    client.reset();
    assert.equal((await scene.proxy.logged(1))[0]?.reason, 'client_left');
    await clock.pass(PASSED_MS);
    assert.equal(scene.proxy.logLines.length, 1);
  });
});

describe('time limits and retries of rules', { concurrency: 8 }, () => {
  it('a try that takes too long is followed by others, until there are no more', async t => {
    const { scene, clock } = await timed(t, { backendTimeoutMs: LIMIT_MS }, never, [retry(2)]);
    const client = await scene.proxy.connect();
    await client.send(GET);
    for (const index of [0, 1]) {
      await scene.upstream.request(index);
      await clock.pass(PASSED_MS);
      await clock.pass(WAIT_MS);
    }
    await scene.upstream.request(2);
    assert.equal(scene.proxy.logLines.length, 0);
    await clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 504);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.reason, line?.earlierAttempts?.length], ['route_backend_timeout', 2]);
    assert.equal(scene.proxy.counters.get('retriesTimeout'), 2);
  });

  it('the answer of a later try is given', async t => {
    const { scene, clock } = await timed(t, { backendTimeoutMs: LIMIT_MS }, never, [retry(2)]);
    const client = await scene.proxy.connect();
    await client.send(GET);
    await scene.upstream.request(0);
    await clock.pass(PASSED_MS);
    await clock.pass(WAIT_MS);
    await (await scene.upstream.request(1)).connection.send(answer('late'));
    assert.equal((await client.response()).body, 'late');
  });

  it('the limit of the request ends them all', async t => {
    const limits = { backendTimeoutMs: LIMIT_MS, requestTimeoutMs: 2 * PASSED_MS };
    const { scene, clock } = await timed(t, limits, never, [retry(100)]);
    const client = await scene.proxy.connect();
    await client.send(GET);
    await scene.upstream.request(0);
    await clock.pass(PASSED_MS);
    await clock.pass(WAIT_MS);
    await scene.upstream.request(1);
    await clock.pass(PASSED_MS + 100);
    assert.equal((await client.response()).status, 504);
    assert.equal((await scene.proxy.logged(1))[0]?.reason, 'route_request_timeout');
    await clock.pass(10 * PASSED_MS);
    assert.ok(scene.upstream.requests.length <= 3);
  });

  it('a POST that took too long is not sent again, unless 504 is a code of the rule', async t => {
    const post = 'POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi';
    const once = await timed(t, { backendTimeoutMs: LIMIT_MS }, never, [retry(1)]);
    const client = await once.scene.proxy.connect();
    await client.send(post);
    await (await once.scene.upstream.request(0)).whole();
    await once.clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 504);
    assert.equal(once.scene.upstream.requests.length, 1);
    const twice = await timed(t, { backendTimeoutMs: LIMIT_MS }, never, [retry(1, { statuses: [504] })]);
    const other = await twice.scene.proxy.connect();
    await other.send(post);
    await (await twice.scene.upstream.request(0)).whole();
    await twice.clock.pass(PASSED_MS);
    await twice.clock.pass(WAIT_MS);
    const again = await twice.scene.upstream.request(1);
    assert.equal((await again.whole()).body, 'hi');
    await again.connection.send(answer());
    assert.equal((await other.response()).status, 200);
  });

  it('a wait before a retry is as long as the rule says, and holds nothing of the client that leaves', async t => {
    const busy = answer('busy', '', '503 Service Unavailable');
    const policy = retry(3, { backoffMs: LIMIT_MS });
    const { scene, clock } = await timed(t, {}, ({ connection }) => connection.send(busy), [policy]);
    const { pending } = clock;
    const client = await scene.proxy.connect();
    await client.send(GET);
    await eventually('the wait to begin', () => scene.upstream.requests.length === 1 && clock.pending > pending);
    await clock.pass(LIMIT_MS - 1);
    assert.equal(scene.upstream.requests.length, 1);
    client.reset();
    await scene.proxy.logged(1);
    assert.equal(clock.pending, pending);
    await clock.pass(10 * LIMIT_MS);
    assert.equal(scene.upstream.requests.length, 1);
  });

  it('the limit of the request counts while it waits', async t => {
    const busy = answer('busy', '', '503 Service Unavailable');
    const policy = retry(3, { backoffMs: 60_000 });
    const respond: UpstreamHandler = ({ connection }) => connection.send(busy);
    const { scene, clock } = await timed(t, { requestTimeoutMs: LIMIT_MS }, respond, [policy]);
    const { pending } = clock;
    const client = await scene.proxy.connect();
    await client.send(GET);
    await eventually('the wait to begin', () => scene.upstream.requests.length === 1 && clock.pending > pending);
    await clock.pass(PASSED_MS);
    await clock.pass(PASSED_MS);
    assert.equal((await client.response()).status, 504);
    assert.equal((await scene.proxy.logged(1))[0]?.reason, 'route_request_timeout');
  });
});

function retry(attempts: number, more: Partial<RetryPolicy> = {}): RetryPolicy {
  return { kind: 'retry', attempts, statuses: [503], nonIdempotent: true, countsFailures: true, ...more };
}
