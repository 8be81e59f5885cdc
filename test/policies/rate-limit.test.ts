import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RateLimitPolicy } from '../../src/model/policy.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { values } from '../support/raw-message.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { type PolicyScene, policyScene } from './scene.ts';

const MINUTE = 60_000;

function limit(fields: Partial<RateLimitPolicy> = {}): RateLimitPolicy {
  return { kind: 'rate-limit', owner: 'test/web', requests: 6, periodMs: MINUTE, burst: 2, per: 'client', ...fields };
}

/** With a clock that the test moves, and a peer that may say who its clients are. */
async function limited(
  t: TestContext,
  fields: Partial<RateLimitPolicy> = {},
  trusts = true,
): Promise<[PolicyScene, FakeClock]> {
  const clock = new FakeClock();
  const settings = trusts ? { trustedProxies: ['127.0.0.0/8'] } : {};
  return [await policyScene(t, [limit(fields)], { clock, settings }), clock];
}

/** The statuses of GETs with these header lines, one after the other. */
async function statuses(scene: PolicyScene, ...headerLines: string[]): Promise<number[]> {
  const got: number[] = [];
  for (const line of headerLines) got.push((await scene.get(line === '' ? '' : `${line}\r\n`)).status);
  return got;
}

describe('the rate limit', { concurrency: 8 }, () => {
  it('grants the burst, then refuses until the time has come that Retry-After names', async t => {
    const [scene, clock] = await limited(t);
    assert.deepEqual(await statuses(scene, '', '', ''), [200, 200, 429]);
    clock.advance(1_500);
    const refused = await scene.get();
    assert.deepEqual([refused.status, values(refused.headers, 'retry-after')], [429, ['9']]);
    clock.advance(8_500);
    assert.deepEqual(await statuses(scene, '', ''), [200, 429]);
    assert.equal((await scene.get('', '/open')).status, 200);
    assert.equal(scene.upstream.requests.length, 4);
    const lines = await scene.proxy.logged(7);
    assert.deepEqual([lines[2]?.reason, lines[2]?.policy, lines[0]?.policy], ['rate_limited', 'rate-limit', undefined]);
    assert.equal(scene.proxy.counters.policies('rate-limit', 'refused'), 3);
    assert.equal(scene.proxy.counters.policies('rate-limit', 'passed'), 3);
  });

  it('refuses with the status of the policy, and neither counts nor refuses exempt clients', async t => {
    const [scene] = await limited(t, { burst: 1, status: 503, exempt: ['192.0.2.0/24'] });
    const exempt = 'X-Forwarded-For: 192.0.2.1';
    assert.deepEqual(await statuses(scene, exempt, exempt, '', ''), [200, 200, 200, 503]);
    const lines = await scene.proxy.logged(4);
    assert.deepEqual([lines[3]?.status, lines[3]?.reason], [503, 'rate_limited']);
  });

  it('counts each client alone, and all addresses of an IPv6 network as one', async t => {
    const [scene] = await limited(t, { burst: 1 });
    const from = (address: string): string => `X-Forwarded-For: ${address}`;
    const got = await statuses(scene, ...['192.0.2.1', '192.0.2.2', '192.0.2.1'].map(from));
    assert.deepEqual(got, [200, 200, 429]);
    const network = ['2001:db8:0:1::1', '2001:DB8:0:1:ffff::2', '2001:db8:0:2::1', '::ffff:192.0.2.2'].map(from);
    assert.deepEqual(await statuses(scene, ...network), [200, 429, 200, 429]);
  });

  it('gives no budget for an address that a client says it has', async t => {
    const [scene] = await limited(t, { burst: 1 }, false);
    const spoofed = ['X-Forwarded-For: 203.0.113.1', 'X-Real-IP: 203.0.113.2', 'Forwarded: for=203.0.113.3'];
    assert.deepEqual(await statuses(scene, '', ...spoofed), [200, 429, 429, 429]);
    const [trusting] = await limited(t, { burst: 1 });
    // What stands before the address that the trusted proxy has added is the client's own word.
    const first = 'X-Forwarded-For: 203.0.113.1, 198.51.100.7';
    assert.deepEqual(await statuses(trusting, first, 'X-Forwarded-For: 203.0.113.2, 198.51.100.7'), [200, 429]);
  });

  it('counts all clients of a Service together where it says so', async t => {
    const [scene] = await limited(t, { per: 'service' });
    const clients = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(address => `X-Forwarded-For: ${address}`);
    assert.deepEqual(await statuses(scene, ...clients), [200, 200, 429]);
  });

  it('counts each value of a header alone, and requests without it together', async t => {
    const [scene] = await limited(t, { per: { header: 'x-key' }, burst: 1 });
    assert.deepEqual(await statuses(scene, 'X-Key: a', 'x-key:  b ', 'X-Key: a', '', ''), [200, 200, 429, 200, 429]);
    const long = 'k'.repeat(8_000);
    assert.deepEqual(await statuses(scene, `X-Key: ${long}1`, `X-Key: ${long}2`, `X-Key: ${long}1`), [200, 200, 429]);
  });

  it('gives no further budget for further lines of a header', async t => {
    const [scene] = await limited(t, { per: { header: 'x-key' }, burst: 1 });
    const doubled = ['one', 'two', 'three'].map(junk => `X-Key: a\r\nX-Key: ${junk}`);
    assert.deepEqual(await statuses(scene, 'X-Key: a', ...doubled), [200, 200, 429, 429]);
  });

  it('has one budget for all routes of its Service', async t => {
    const upstream = await RawUpstream.start(t, answering());
    const routes = ['/one', '/two'].map(path => ({ path, to: upstream, policies: [limit()] }));
    const others = [{ path: '/other', to: upstream, policies: [limit({ owner: 'test/other' })] }];
    const proxy = await startProxy(t, 'wire', { routes: [...routes, ...others], clock: new FakeClock() });
    const got = [];
    for (const path of ['/one', '/two', '/one', '/two', '/other']) got.push((await proxy.get(path)).status);
    assert.deepEqual(got, [200, 200, 429, 429, 200]);
  });

  it('begins with whole budgets when it changes', async t => {
    const upstream = await RawUpstream.start(t, answering());
    const at = (fields: Partial<RateLimitPolicy>) => [{ path: '/', to: upstream, policies: [limit(fields)] }];
    const proxy = await startProxy(t, 'wire', { routes: at({ burst: 1 }), clock: new FakeClock() });
    assert.deepEqual([(await proxy.get('/')).status, (await proxy.get('/')).status], [200, 429]);
    proxy.setRoutes(at({ burst: 1, requests: 60 }));
    assert.equal((await proxy.get('/')).status, 200);
  });

  it('counts the streams of HTTP/2 alike', async t => {
    const [scene] = await limited(t);
    const client = await scene.http2();
    const answers = [];
    for (let turn = 0; turn < 3; turn += 1) answers.push(await client.exchange(scene.fields));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 429],
    );
    assert.equal((await scene.get()).status, 429);
  });
});
