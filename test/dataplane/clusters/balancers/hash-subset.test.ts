import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../../../src/dataplane/clusters/balancers/balancer.ts';
import { HashSubset } from '../../../../src/dataplane/clusters/balancers/hash-subset.ts';
import { RoundRobin } from '../../../../src/dataplane/clusters/balancers/round-robin.ts';
import { ALL, allBut, endpoints, request } from './endpoints.ts';

const STEPS = 12;

function subsetOf(among: readonly Candidate[], key: string, size: number, admission = ALL): Set<string | undefined> {
  let turn = 0;
  const random = (): number => (turn++ % STEPS) / STEPS;
  const balancer = new HashSubset(({ uri }) => uri(), size, new RoundRobin<Candidate>(() => 0), random);
  balancer.changed(among);
  return new Set(Array.from({ length: STEPS }, () => balancer.pick(request({ uri: key }), admission)?.id));
}

test('a key goes to so many endpoints, the same in every worker', () => {
  const among = endpoints(10);
  const subsets = new Set<string>();
  for (let key = 0; key < 200; key += 1) {
    const here = subsetOf(among, `/${key}`, 3);
    assert.equal(here.size, 3);
    assert.deepEqual([...subsetOf(among.toReversed(), `/${key}`, 3)].sort(), [...here].sort());
    subsets.add([...here].sort().join());
  }
  assert.ok(subsets.size > 20, 'keys differ in where they go');
});

test('when an endpoint of a subset is not admitted, one other takes its place', () => {
  const among = endpoints(10);
  const [gone, ...stay] = subsetOf(among, '/a', 3);
  const after = subsetOf(among, '/a', 3, allBut(among.find(({ id }) => id === gone) as Candidate));
  assert.equal(after.size, 3);
  assert.ok(!after.has(gone) && stay.every(id => after.has(id)));
});

test('a subset that is larger than the cluster is all of it, and without endpoints there is none', () => {
  assert.equal(subsetOf(endpoints(2), '/a', 3).size, 2);
  assert.deepEqual([...subsetOf([], '/a', 3)], [undefined]);
});
