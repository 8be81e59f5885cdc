import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RateLimitPolicy } from '../../src/model/policy.ts';
import { eventually } from '../support/eventually.ts';
import type { RawClient } from '../support/raw-client.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { route } from '../support/routes.ts';
import { ask, deltaTo, type RunningFleet, startFleet } from './fleet-fixture.ts';

const RUNS = 100;
const CLIENTS = 200;
const PER_SECOND = 10;
const BURST = 50;

const PER_KEY: RateLimitPolicy = {
  kind: 'rate-limit',
  owner: 'default/web',
  requests: PER_SECOND,
  periodMs: 1_000,
  burst: BURST,
  per: { header: 'x-key' },
};

/** Two workers, and a route with a policy. */
async function limitedFleet(t: TestContext, policy: RateLimitPolicy): Promise<RunningFleet> {
  const upstream = await RawUpstream.start(t, answering());
  const running = await startFleet(t, { settings: { workers: 2 } });
  const upserts = [route('/limited', { policies: [policy] })];
  await running.fleet.publish(deltaTo(upstream, { version: 1, upserts, removals: [] })).everywhere;
  return running;
}

async function statusOf(client: RawClient, key: string): Promise<number> {
  return (await ask(client, '/limited', `X-Key: ${key}\r\n`)).status;
}

describe('the rate limit over workers', () => {
  it('grants 200 clients at once what one worker would, a hundred times', async t => {
    const running = await limitedFleet(t, PER_KEY);
    const byWorker = await running.connectToAll();
    const clients = [...byWorker.values()];
    while (clients.length < CLIENTS) clients.push(await running.connect());
    for (let run = 0; run < RUNS; run += 1) {
      const start = performance.now();
      const statuses = await Promise.all(clients.map(client => statusOf(client, `run ${run}`)));
      const seconds = (performance.now() - start) / 1000;
      const granted = statuses.filter(status => status === 200).length;
      assert.equal(granted + statuses.filter(status => status === 429).length, CLIENTS);
      // One more each 100 ms, were all that time between the first request and the last.
      const most = Math.min(CLIENTS, BURST + Math.floor(seconds * PER_SECOND));
      assert.ok(granted >= BURST && granted <= most, `run ${run}: ${granted} of ${BURST} to ${most} were granted`);
    }
  });

  it('keeps its budgets when a worker is replaced', async t => {
    const running = await limitedFleet(t, { ...PER_KEY, periodMs: 3_600_000, burst: 2 });
    const statuses = async (): Promise<number[]> => {
      const clients = await running.connectToAll();
      const got: number[] = [];
      for (const client of clients.values()) got.push(await statusOf(client, 'a'));
      return got;
    };
    assert.deepEqual(await statuses(), [200, 200]);
    await running.crash(0);
    await eventually('the replacement to run', () => running.fleet.restarts === 1 && running.fleet.alive === 2);
    assert.deepEqual(await statuses(), [429, 429]);
  });
});
