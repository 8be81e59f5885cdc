import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeastRequest } from '../../../../src/dataplane/clusters/balancers/least-request.ts';
import { seededRandom } from '../../../../src/seeded-random.ts';
import { ALL, allBut, endpoints, firstByte, inFlight, request, shares, type TestEndpoint } from './endpoints.ts';

function leastRequest(among: readonly TestEndpoint[], random = seededRandom(1)): LeastRequest<TestEndpoint> {
  const balancer = new LeastRequest(inFlight, random, firstByte);
  balancer.changed(among);
  return balancer;
}

test('up to four endpoints are all compared: the one with the fewest requests in flight takes every request', () => {
  for (const count of [1, 2, 3, 4]) {
    const among = endpoints(count);
    for (const [index, endpoint] of among.entries()) endpoint.inFlight = (index + 1) % count;
    const balancer = leastRequest(among);
    assert.deepEqual(shares(100, among, () => balancer.pick(request(), ALL)).at(-1), 1);
  }
});

test('of two that are drawn from more than four, the one with fewer takes the request, and the two are never the same', () => {
  const among = endpoints(5);
  const [busiest] = among;
  (busiest as TestEndpoint).inFlight = 1;
  const balancer = leastRequest(among);
  const [share] = shares(5_000, among, () => balancer.pick(request(), ALL));
  assert.equal(share, 0, 'the busiest loses against whichever other is drawn');
});

test('of two that are drawn, the least busy of n endpoints wins whenever it is drawn: in 2 of n picks', () => {
  for (const count of [5, 10]) {
    const among = endpoints(count);
    for (const endpoint of among) endpoint.inFlight = 3;
    (among[3] as TestEndpoint).inFlight = 2;
    const balancer = leastRequest(among);
    const share = shares(50_000, among, () => balancer.pick(request(), ALL))[3] as number;
    assert.ok(Math.abs(share - 2 / count) < 0.01, `${share} of ${count}`);
  }
});

test('a tie is decided at random, in a scan and of two', () => {
  for (const count of [4, 10]) {
    const among = endpoints(count);
    const balancer = leastRequest(among);
    for (const share of shares(20_000, among, () => balancer.pick(request(), ALL)))
      assert.ok(Math.abs(share - 1 / count) < 0.02, `${share}`);
  }
});

test('of two that are equally busy, one that takes more than twice as long never wins: its next request would wait there', () => {
  const among = endpoints(10);
  for (const endpoint of among) Object.assign(endpoint, { inFlight: 1, firstByteMs: 10 });
  const balancer = leastRequest(among);
  const shareOfFirst = (state: Partial<TestEndpoint>): number => {
    Object.assign(among[0] as TestEndpoint, state);
    return shares(20_000, among, () => balancer.pick(request(), ALL))[0] as number;
  };
  assert.equal(shareOfFirst({ firstByteMs: 21 }), 0);
  const even = (share: number, what: string): void => assert.ok(Math.abs(share - 0.1) < 0.01, `${what}: ${share}`);
  even(shareOfFirst({ firstByteMs: 20 }), 'twice as long happens by chance');
  even(shareOfFirst({ firstByteMs: 0 }), 'nothing is known of it');
  for (const endpoint of among) endpoint.firstByteMs = 0;
  even(shareOfFirst({ firstByteMs: 1_000 }), 'nothing is known of the others');
  for (const endpoint of among) endpoint.firstByteMs = 10;
  const share = shareOfFirst({ firstByteMs: 1_000, inFlight: 0 });
  assert.ok(
    Math.abs(share - 0.2) < 0.01,
    `one that is less busy wins whenever it is drawn, however slow it was: ${share}`,
  );
  for (const endpoint of among) endpoint.inFlight = 0;
  even(
    shareOfFirst({ firstByteMs: 1_000 }),
    'where all are idle, it is tried as often as the others: it may have recovered',
  );
});

test('an idle endpoint of three times the weight takes three times the requests, and is full as late', () => {
  for (const count of [4, 10]) {
    const among = endpoints(count, index => (index === 0 ? 3 : 1));
    const balancer = leastRequest(among);
    const [share = 0] = shares(20_000, among, () => balancer.pick(request(), ALL));
    assert.ok(Math.abs(share - 3 / (count + 2)) < 0.02, `${share}`);
    // Held for ever, requests fill the endpoints in proportion.
    for (let held = 0; held < 100 * (count + 2); held += 1)
      (balancer.pick(request(), ALL) as TestEndpoint).inFlight += 1;
    assert.ok(Math.abs((among[0] as TestEndpoint).inFlight - 300) < 30, `${among[0]?.inFlight}`);
  }
});

test('only an endpoint that is admitted is picked, and none where none is', () => {
  for (const count of [3, 40]) {
    const among = endpoints(count);
    const balancer = leastRequest(among);
    const last = among.slice(-1);
    const onlyLast = allBut(...among.slice(0, -1));
    for (let turn = 0; turn < 200; turn += 1) assert.equal(balancer.pick(request(), onlyLast), last[0]);
    assert.equal(balancer.pick(request(), allBut(...among)), undefined);
  }
  assert.equal(leastRequest([]).pick(request(), ALL), undefined);
});

test('requests that come together do not all go to the endpoint that is least busy', () => {
  const among = endpoints(10);
  for (const endpoint of among) endpoint.inFlight = 1;
  (among[0] as TestEndpoint).inFlight = 0;
  // Sixteen workers pick before any of them sees what the others picked.
  const balancers = Array.from({ length: 16 }, (_, worker) => leastRequest(among, seededRandom(worker)));
  const picked = balancers.map(balancer => balancer.pick(request(), ALL));
  assert.ok(picked.filter(endpoint => endpoint === among[0]).length < 9);
});
