/** What becomes of requests under each balancer, in a simulation with chance that is the same on each run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Balancer } from '../../../../src/dataplane/clusters/balancers/balancer.ts';
import { Ewma } from '../../../../src/dataplane/clusters/balancers/ewma.ts';
import { LeastRequest } from '../../../../src/dataplane/clusters/balancers/least-request.ts';
import { RoundRobin } from '../../../../src/dataplane/clusters/balancers/round-robin.ts';
import { endpoints, firstByte, inFlight, type TestEndpoint } from './endpoints.ts';
import { type Outcomes, type Scene, simulate } from './simulation.ts';

const leastRequest = (random: () => number): Balancer<TestEndpoint> => new LeastRequest(inFlight, random, firstByte);
const roundRobin = (random: () => number): Balancer<TestEndpoint> => new RoundRobin(random);
const ewma = (random: () => number, now: () => number): Balancer<TestEndpoint> => new Ewma(inFlight, random, now);

const of = (balancerOf: Parameters<typeof simulate>[1], scene: Omit<Scene, 'requests'>): Outcomes =>
  simulate(endpoints(10), balancerOf, { ...scene, requests: 40_000 });

test('one of ten endpoints is ten times slower, at half of the load', async t => {
  const scene = { load: 0.5, odd: { serviceMs: 100 } };
  await t.test('least-request sends it what it can serve', () => {
    const { oddShare, quantile } = of(leastRequest, scene);
    assert.ok(oddShare > 0.01 && oddShare < 0.025, `${oddShare}`);
    assert.ok(quantile(0.99) < 100, `${quantile(0.99)}`);
  });
  await t.test('ewma sends it next to nothing', () => {
    const { oddShare, quantile } = of(ewma, scene);
    assert.ok(oddShare < 0.005, `${oddShare}`);
    assert.ok(quantile(0.99) < 60, `${quantile(0.99)}`);
  });
  await t.test('in turn it gets its tenth, and the queue grows without end: the reason for the others', () => {
    assert.ok(of(roundRobin, scene).quantile(0.99) > 1_000);
  });
});

test('all are equal, at 85 % of the load: nothing swings, and nothing is worse than turns', () => {
  const turns = of(roundRobin, { load: 0.85 });
  for (const balancer of [leastRequest, ewma]) {
    const { quantile } = of(balancer, { load: 0.85 });
    for (const at of [0.5, 0.95, 0.99]) assert.ok(quantile(at) <= turns.quantile(at), `${at}: ${quantile(at)}`);
  }
});

test('one fails at once, and so is never busy: ewma is not drawn to it', () => {
  const scene = { load: 0.5, odd: { serviceMs: 0.5, fails: true } };
  const drawn = of(leastRequest, scene);
  const { oddShare, failures } = of(ewma, scene);
  assert.ok(drawn.oddShare > 0.15, `${drawn.oddShare}: this is what ejection is for`);
  assert.ok(oddShare < 0.02, `${oddShare}`);
  assert.ok(failures < drawn.failures / 10);
});
