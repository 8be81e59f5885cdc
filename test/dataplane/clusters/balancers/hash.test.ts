import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../../../src/dataplane/clusters/balancers/balancer.ts';
import { RendezvousHash } from '../../../../src/dataplane/clusters/balancers/hash.ts';
import { RoundRobin } from '../../../../src/dataplane/clusters/balancers/round-robin.ts';
import { ALL, allBut, endpoints, request, shares } from './endpoints.ts';

const KEYS = 20_000;

function hash(among: readonly Candidate[]): RendezvousHash<Candidate> {
  const balancer = new RendezvousHash(({ uri }) => uri(), new RoundRobin<Candidate>(() => 0));
  balancer.changed(among);
  return balancer;
}

const keyed = (key: number): ReturnType<typeof request> => request({ uri: `/item/${key}` });

/** Of so many keys, where each goes. */
function places(among: readonly Candidate[], admission = ALL): (string | undefined)[] {
  const balancer = hash(among);
  return Array.from({ length: KEYS }, (_, key) => balancer.pick(keyed(key), admission)?.id);
}

test('a key goes to the same endpoint in every worker, in whichever order the endpoints are listed', () => {
  const among = endpoints(7);
  assert.deepEqual(places(among), places(among.toReversed()));
});

test('keys are spread evenly', () => {
  for (const count of [2, 3, 10, 100]) {
    const among = endpoints(count);
    const balancer = hash(among);
    // Six standard deviations.
    for (const share of shares(KEYS, among, turn => balancer.pick(keyed(turn), ALL)))
      assert.ok(Math.abs(share - 1 / count) < 6 * Math.sqrt(1 / count / KEYS), `${count}: ${share}`);
  }
});

test('when an endpoint goes, its keys move and no others; they spread over those that are left', () => {
  const among = endpoints(10);
  const before = places(among);
  const after = places(among.filter(({ id }) => id !== 'pod-4'));
  const moved = before.flatMap((id, key) => (id === after[key] ? [] : [[id, after[key]]]));
  assert.ok(moved.every(([from]) => from === 'pod-4'));
  assert.equal(moved.length, before.filter(id => id === 'pod-4').length);
  const taken = among.map(({ id }) => moved.filter(([, to]) => to === id).length / moved.length);
  for (const [index, share] of taken.entries())
    assert.ok(Math.abs(share - (index === 4 ? 0 : 1 / 9)) < 0.05, `${share}`);
});

test('when one comes, at most its share of keys moves, all of them to it', () => {
  const before = places(endpoints(9));
  const after = places(endpoints(10));
  const moved = after.filter((id, key) => id !== before[key]);
  assert.ok(moved.every(id => id === 'pod-9'));
  assert.ok(Math.abs(moved.length / KEYS - 1 / 10) < 0.015, `${moved.length}`);
});

test('an endpoint that is not admitted loses its keys as if it were gone, and has them again later', () => {
  const among = endpoints(10);
  const without = among.filter(({ id }) => id !== 'pod-4');
  assert.deepEqual(places(among, allBut(among[4] as Candidate)), places(without));
  assert.equal(hash(among).pick(keyed(1), allBut(...among)), undefined);
});

test('an endpoint takes the share of keys that its weight says; a weight that changes moves no keys among the others', () => {
  const weights = [1, 2, 3, 4];
  const among = endpoints(4, index => weights[index] as number);
  const balancer = hash(among);
  for (const [index, share] of shares(KEYS, among, turn => balancer.pick(keyed(turn), ALL)).entries())
    assert.ok(Math.abs(share - (index + 1) / 10) < 0.02, `${share}`);
  const before = places(among);
  const after = places(among.map(endpoint => (endpoint.id === 'pod-0' ? { ...endpoint, weight: 6 } : endpoint)));
  assert.ok(after.every((id, key) => id === before[key] || id === 'pod-0'));
});

test('a request without the key is taken by the fallback', () => {
  const balancer = hash(endpoints(3));
  const picked = Array.from({ length: 4 }, () => balancer.pick(request(), ALL)?.id);
  assert.deepEqual(picked, ['pod-0', 'pod-1', 'pod-2', 'pod-0']);
});
