import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../../../src/dataplane/clusters/balancers/balancer.ts';
import { RoundRobin } from '../../../../src/dataplane/clusters/balancers/round-robin.ts';
import { seededRandom } from '../../../../src/seeded-random.ts';
import fc from '../../../support/property.ts';
import { ALL, allBut, endpoints, request } from './endpoints.ts';

function roundRobin(among: readonly Candidate[], random: () => number = () => 0): RoundRobin<Candidate> {
  const balancer = new RoundRobin(random);
  balancer.changed(among);
  return balancer;
}

function turns(balancer: RoundRobin<Candidate>, count: number, admission = ALL): string {
  return Array.from({ length: count }, () => balancer.pick(request(), admission)?.id.slice(4) ?? '-').join('');
}

test('endpoints of one weight follow each other', () => {
  assert.equal(turns(roundRobin(endpoints(3)), 7), '0120120');
});

test('the turns of a heavy endpoint are spread among those of the others, as nginx spreads them', () => {
  assert.equal(turns(roundRobin(endpoints(3, index => [5, 1, 1][index] as number)), 14), '00102000010200');
});

test('in as many turns as all weights together, each endpoint has as many as its weight, wherever a worker begins', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }), fc.nat(), (weights, seed) => {
      const balancer = roundRobin(
        endpoints(weights.length, index => weights[index] as number),
        seededRandom(seed),
      );
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const seen = turns(balancer, sum);
      assert.deepEqual(
        weights.map((_, index) => seen.split(`${index}`).length - 1),
        weights,
      );
    }),
  );
});

test('each worker begins at a random endpoint', () => {
  for (const weightOf of [() => 1, (index: number) => index + 1]) {
    const random = seededRandom(1);
    const firsts = new Set(Array.from({ length: 100 }, () => turns(roundRobin(endpoints(3, weightOf), random), 1)));
    assert.ok(firsts.size > 1);
  }
});

test('an endpoint that is not admitted is passed over, and the others keep their order', () => {
  const among = endpoints(4);
  const balancer = roundRobin(among);
  assert.equal(turns(balancer, 6, allBut(among[1] as Candidate)), '023023');
  assert.equal(turns(balancer, 2, allBut(...among)), '--');
  assert.equal(turns(roundRobin([]), 1), '-');
  const heavy = endpoints(3, index => index + 1);
  assert.equal(turns(roundRobin(heavy), 4, allBut(heavy[2] as Candidate, heavy[0] as Candidate)), '1111');
});

test('the endpoint whose turn it is keeps it when others come and go', () => {
  const among = endpoints(5);
  const balancer = roundRobin(among);
  assert.equal(turns(balancer, 3), '012');
  balancer.changed(among.slice(1));
  assert.equal(turns(balancer, 4), '3412');
  balancer.changed(among.slice(0, 4));
  assert.equal(turns(balancer, 4), '3012');
});

test('balances of endpoints that stay outlast a change', () => {
  const among = endpoints(3, index => [5, 1, 1][index] as number);
  const balancer = roundRobin(among);
  assert.equal(turns(balancer, 3), '001');
  balancer.changed([...among]);
  assert.equal(turns(balancer, 4), '0200');
});
