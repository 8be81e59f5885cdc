/** Which endpoints are ejected for what workers count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EJECTED, USABLE } from '../../src/observe/endpoint-board.ts';
import fc from '../support/property.ts';
import { LIMITS, Scene, suspected } from './cluster-health-fixture.ts';

test('five failures in a row of all workers together eject an endpoint at once; four do not', () => {
  const scene = new Scene(3);
  scene.failed(1, 4);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  scene.failed(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s']);
});

test('a success of any worker begins the count again', () => {
  const scene = new Scene(3);
  scene.failed(1, 4);
  scene.ok(1);
  scene.failed(1, 4);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
});

test('a sweep ejects what no message has told', () => {
  const scene = new Scene(3);
  for (let count = 0; count < 5; count += 1) scene.rows[0].failed(2);
  scene.pass(1);
  assert.deepEqual(scene.said, ['2 failures_in_a_row 1 30s']);
});

test('a message about an endpoint that has answered since ejects nothing', () => {
  const scene = new Scene(3);
  scene.health.suspect(scene.endpoint(1));
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

test('85 % of at least 50 in ten seconds eject an endpoint; one failure less does not, one request less does not', () => {
  for (const [failures, successes, isEjected] of [
    [85, 15, true],
    [84, 16, false],
    [43, 7, true],
    [42, 7, false],
  ] as const) {
    const scene = suspected();
    scene.failed(1, failures);
    scene.ok(1, successes);
    scene.pass(1);
    assert.equal(scene.said.length === 1, isEjected, `${failures} of ${failures + successes}`);
    if (isEjected) assert.deepEqual(scene.said, ['1 failure_percentage 1 30s']);
  }
});

test('requests count for the rate for ten seconds', () => {
  for (const [seconds, isEjected] of [
    [9, true],
    [10, false],
  ] as const) {
    const scene = suspected();
    scene.failed(1, 30);
    scene.pass(seconds);
    scene.failed(1, 20);
    scene.pass(1);
    assert.equal(scene.said.length === 1, isEjected, `${seconds} s apart`);
  }
});

test('successes that are older than ten seconds protect an endpoint no longer', () => {
  const scene = suspected();
  scene.ok(1, 1000);
  scene.failed(1);
  scene.pass(5);
  scene.failed(1, 60);
  scene.pass(5);
  assert.deepEqual(scene.said, []);
  scene.pass(1);
  assert.deepEqual(scene.said, ['1 failure_percentage 1 30s']);
});

test('what an endpoint did before its first failure counts neither for nor against it', () => {
  const scene = new Scene(3);
  scene.limits = { ...LIMITS, failures: 1000 };
  scene.ok(1, 1000);
  scene.failed(1, 60);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
  scene.failed(1, 50);
  scene.pass(1);
  assert.deepEqual(scene.said, ['1 failure_percentage 1 30s']);
});

const STEPS = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constant('failed' as const), slot: fc.nat(8), times: fc.nat(12) }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('ok' as const), slot: fc.nat(8), times: fc.nat(3) }) },
    {
      weight: 3,
      arbitrary: fc.record({ what: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('endpoints' as const), present: fc.array(fc.nat(8)) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('trial' as const), slot: fc.nat(8) }) },
    {
      weight: 1,
      arbitrary: fc.record({ what: fc.constant('limits' as const), percent: fc.integer({ min: 1, max: 100 }) }),
    },
  ),
  { maxLength: 40 },
);

test('whatever happens: never the last, never more than allowed, and an endpoint that answers always comes back', () => {
  fc.assert(
    fc.property(STEPS, steps => {
      const scene = new Scene(4);
      for (const step of steps) {
        const known = new Set(scene.health.endpoints.map(({ slot }) => slot));
        if (step.what === 'failed' && known.has(step.slot)) scene.failed(step.slot, step.times);
        else if (step.what === 'ok') scene.ok(step.slot, step.times);
        else if (step.what === 'pass') scene.pass(step.seconds);
        else if (step.what === 'trial') scene.rows[0].takeTrial(step.slot);
        else if (step.what === 'limits') scene.limits = { ...LIMITS, maxEjectedPercent: step.percent };
        else if (step.what === 'endpoints') {
          scene.health.update([...new Set(step.present)].map(slot => ({ id: String(slot), slot })));
        }
        const all = scene.health.endpoints;
        const ejected = all.filter(endpoint => scene.health.ejectionOf(endpoint) !== undefined).length;
        assert.ok(ejected < Math.max(1, all.length), 'the last');
        if (step.what !== 'limits') {
          assert.ok(ejected <= Math.max(1, Math.floor((all.length * scene.limits.maxEjectedPercent) / 100)));
        }
        const usable = scene.verdicts().filter(verdict => verdict === USABLE).length;
        assert.ok(usable * 2 >= all.length, 'half of all');
      }
      // Each endpoint that is tried answers from now on.
      for (let second = 0; second < 400; second += 1) {
        scene.pass(1);
        for (const { slot } of scene.health.endpoints) {
          if (scene.board.verdict(slot) === USABLE || scene.rows[1].takeTrial(slot)) scene.ok(slot);
        }
      }
      scene.pass(1);
      assert.deepEqual(
        scene.verdicts(),
        scene.health.endpoints.map(() => USABLE),
      );
    }),
    { numRuns: 200 },
  );
});
