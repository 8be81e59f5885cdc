import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../../../src/dataplane/clusters/balancers/balancer.ts';
import { Ewma } from '../../../../src/dataplane/clusters/balancers/ewma.ts';
import { PeakEwma } from '../../../../src/dataplane/clusters/balancers/peak-ewma.ts';
import { seededRandom } from '../../../../src/seeded-random.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { ALL, allBut, endpoints, inFlight, request, shares, type TestEndpoint } from './endpoints.ts';

const near = (value: number, expected: number): void =>
  assert.ok(Math.abs(value - expected) < 1e-9 * expected, `${value} instead of ${expected}`);

interface Scene {
  readonly balancer: Ewma<TestEndpoint>;
  readonly clock: FakeClock;
  /** An endpoint's share of picks. */
  share(endpoint: TestEndpoint | undefined): number;
}

function ewma(among: readonly TestEndpoint[]): Scene {
  const clock = new FakeClock();
  const balancer = new Ewma<TestEndpoint>(inFlight, seededRandom(1), () => clock.monotonic());
  balancer.changed(among);
  const share = (endpoint: TestEndpoint | undefined): number =>
    shares(1_000, endpoint === undefined ? [] : [endpoint], () => balancer.pick(request(), ALL))[0] ?? 0;
  return { balancer, clock, share };
}

test('a sample above the average replaces it, one below moves it by its share of 10 s', () => {
  const average = new PeakEwma(10, 0);
  average.addPeak(50, 0);
  near(average.read(0), 50);
  average.addPeak(20, 5_000);
  near(average.read(5_000), 50 * Math.exp(-0.5) + 20 * (1 - Math.exp(-0.5)));
  average.add(1_000, 5_000);
  near(average.read(5_000), 50 * Math.exp(-0.5) + 20 * (1 - Math.exp(-0.5)));
});

test('without samples the average falls, so that a slow endpoint is tried again', () => {
  const average = new PeakEwma(50, 0);
  near(average.read(10_000), 50 / Math.E);
  const [slow, fast] = endpoints(2);
  const { balancer, clock, share } = ewma([slow, fast] as TestEndpoint[]);
  balancer.done(slow as TestEndpoint, 'ok', 1_000);
  balancer.done(fast as TestEndpoint, 'ok', 10);
  assert.equal(share(slow), 0);
  clock.advance(60_000);
  balancer.done(fast as TestEndpoint, 'ok', 10);
  assert.equal(share(slow), 1);
});

test('the cost is the time times the requests that would be in flight, by weight', () => {
  const [one, other] = endpoints(2) as [TestEndpoint, TestEndpoint];
  const { balancer, share } = ewma([one, other]);
  balancer.done(one, 'ok', 30);
  balancer.done(other, 'ok', 10);
  other.inFlight = 1;
  assert.equal(share(other), 1);
  other.inFlight = 3;
  assert.equal(share(other), 0);
  const heavy = { ...other, weight: 2 };
  balancer.changed([one, heavy]);
  assert.equal(share(heavy), 1);
});

test('a new endpoint begins at the mean of the others, and not at 0: it draws no burst', () => {
  const among = endpoints(3);
  const [one, two, added] = among as [TestEndpoint, TestEndpoint, TestEndpoint];
  const { balancer, share } = ewma([one, two]);
  balancer.done(one, 'ok', 10);
  balancer.done(two, 'ok', 30);
  balancer.changed(among);
  // At 20: it wins against 30, and loses against 10.
  assert.ok(Math.abs(share(added) - 1 / 3) < 0.05);
  added.inFlight = 1;
  assert.equal(share(added), 0);
});

test('endpoints that stay keep their times', () => {
  const [one, two] = endpoints(2) as [TestEndpoint, TestEndpoint];
  const { balancer, share } = ewma([one, two]);
  balancer.done(one, 'ok', 100);
  balancer.changed([{ ...two }, { ...one }]);
  balancer.changed([one, two]);
  assert.equal(share(one), 0);
});

test('whatever a failure is, it counts as slow; a client that leaves says nothing', () => {
  const failures: Outcome[] = ['connect', 'reset', 'timeout', 'status'];
  for (const outcome of failures) {
    const [failing, slow] = endpoints(2) as [TestEndpoint, TestEndpoint];
    const { balancer, clock, share } = ewma([failing, slow]);
    balancer.done(slow, 'ok', 100);
    // At once, and again and again.
    for (let count = 0; count < 100; count += 1) {
      clock.advance(10);
      balancer.done(failing, outcome, 0.5);
    }
    assert.equal(share(failing), 0, outcome);
    balancer.done(failing, 'cancelled', 60_000);
    balancer.done(slow, 'cancelled', 60_000);
    assert.equal(share(failing), 0, 'cancelled');
  }
});

test('only an endpoint that is admitted is picked, and none where none is', () => {
  const among = endpoints(8);
  const { balancer } = ewma(among);
  const onlyLast = allBut(...among.slice(0, -1));
  for (let turn = 0; turn < 100; turn += 1) assert.equal(balancer.pick(request(), onlyLast), among.at(-1));
  assert.equal(balancer.pick(request(), allBut(...among)), undefined);
});
