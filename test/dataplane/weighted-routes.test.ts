import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterState } from '../../src/dataplane/clusters/cluster-state.ts';
import { WeightedRoutes } from '../../src/dataplane/weighted-routes.ts';
import fc from '../support/property.ts';

/** @returns so many turns of each weight, of the first `requests` */
function turnsOf(weights: readonly number[], requests: number, start: number): number[] {
  const cluster = {} as ClusterState;
  const routes = new WeightedRoutes(
    weights.map((weight, index) => ({ weight, route: { cluster, index } })),
    start,
  );
  const turns = weights.map(() => 0);
  for (let request = 0; request < requests; request += 1) {
    const { index } = routes.next();
    turns[index] = (turns[index] as number) + 1;
  }
  return turns;
}

test('any five hundred requests are spread by weight within a point', () => {
  const anyWeights = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 2, maxLength: 16 });
  const anyStart = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(anyWeights, anyStart, (weights, start) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [index, turns] of turnsOf(weights, 500, start).entries()) {
        const expected = (500 * (weights[index] as number)) / total;
        assert.ok(Math.abs(turns - expected) <= 5, `${turns} turns for ${expected} in ${weights}`);
      }
    }),
    { numRuns: 500 },
  );
});

test('a weight of one in a million gets its turn', () => {
  const [, turns = 0] = turnsOf([999_999, 1], 2_000_000, 0);
  assert.ok(turns === 2 || turns === 3 || turns === 1, `${turns} turns`);
});

test('two that share evenly do not fall in step with clients that send two kinds of requests in turns', () => {
  const cluster = {} as ClusterState;
  const shares = [0, 1].map(index => ({ weight: 1, route: { cluster, index } }));
  const routes = new WeightedRoutes(shares, 0.25);
  let toSecond = 0;
  for (let pair = 0; pair < 500; pair += 1) {
    toSecond += routes.next().index;
    routes.next();
  }
  assert.ok(Math.abs(toSecond - 250) <= 10, `${toSecond} of 500`);
});
