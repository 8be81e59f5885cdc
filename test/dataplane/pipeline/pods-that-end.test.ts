/** Pods that stop listening at the same moment, while requests are under way, before anything has said so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BalancedProxy, startBalanced } from '../../support/balanced-proxy.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { answer, answering, RawUpstream } from '../../support/raw-upstream.ts';

const PODS = 10;
const ENDING = 3;
const CLIENTS = 4;
const REQUESTS = 15;

/** All clients ask at the same time, one request after the other. @returns how often there was which status */
async function load({ proxy }: BalancedProxy): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  const ask = async (): Promise<void> => {
    for (let request = 0; request < REQUESTS; request += 1) {
      const { status } = await proxy.get('/v');
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, ask));
  return statuses;
}

describe('pods that end together', { concurrency: true }, () => {
  for (const policy of ['least-request', 'round-robin'] as const) {
    it(`${policy}: three of ten that refuse from the same moment on cost no request, and each is tried once a second`, async t => {
      const clock = new FakeClock();
      const start = (ends: boolean) =>
        RawUpstream.start(
          t,
          answering(ends ? 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' : answer()),
        );
      const pods = await Promise.all(Array.from({ length: PODS }, (_, index) => start(index < ENDING)));
      const balanced = await startBalanced(t, {
        endpoints: pods.map(at => ({ at })),
        cluster: { balance: { policy } },
        clock,
      });
      const { counters } = balanced.proxy;
      const all = { 200: CLIENTS * REQUESTS };
      assert.deepEqual(await load(balanced), all);
      for (const pod of pods.slice(0, ENDING)) pod.stopListening();
      assert.deepEqual(await load(balanced), all);
      const refused = counters.get('connectsFailed');
      assert.ok(refused > 0 && refused <= ENDING * CLIENTS, `${refused} refused`);
      assert.deepEqual(await load(balanced), all);
      assert.equal(counters.get('connectsFailed'), refused, 'what refused is asked last');
      await clock.pass(1_000);
      assert.deepEqual(await load(balanced), all);
      assert.ok(counters.get('connectsFailed') <= refused + ENDING);
    });
  }
});
