/** How many endpoints may be ejected, and when all are used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EJECTED, NO_SLOT, USABLE } from '../../src/observe/endpoint-board.ts';
import { endpointsFrom, LIMITS, Scene } from './cluster-health-fixture.ts';

test('of 3, 6 and 9 endpoints that all fail, 1, 1 and 2 are ejected; of one, none; of two, one', () => {
  for (const [count, most] of [
    [1, 0],
    [2, 1],
    [3, 1],
    [6, 1],
    [9, 2],
    [100, 33],
  ] as const) {
    const scene = new Scene(count);
    for (let slot = 0; slot < count; slot += 1) scene.failed(slot, 5);
    scene.pass(3);
    assert.equal(scene.verdicts().filter(verdict => verdict === EJECTED).length, most, `of ${count}`);
    assert.equal(scene.said.length, most, `of ${count}`);
  }
});

test('of more than may be ejected at a sweep, those with the most failures in a row go', () => {
  const scene = new Scene(6);
  for (const [slot, failures] of [6, 9, 7].entries()) {
    for (let count = 0; count < failures; count += 1) scene.rows[0].failed(slot);
  }
  scene.pass(1);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s']);
});

test('while all are used because too few are usable, none is ejected', () => {
  const scene = new Scene(5);
  for (const slot of [0, 1, 2]) scene.health.checked(scene.endpoint(slot), false);
  assert.ok(scene.health.isPanicking);
  scene.failed(3, 5);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
});

test('while all are used, an ejected endpoint that answers after its time comes back', () => {
  const scene = new Scene(5);
  scene.failed(3, 5);
  for (const slot of [0, 1]) scene.health.checked(scene.endpoint(slot), false);
  assert.ok(scene.health.isPanicking);
  scene.ok(3);
  scene.pass(30);
  assert.deepEqual(scene.said, ['3 failures_in_a_row 1 30s']);
  scene.ok(3);
  scene.pass(1);
  assert.deepEqual(scene.said.slice(1), ['3 returned']);
});

test('below half of all usable, all are used; from half on, no longer', () => {
  const scene = new Scene(4);
  scene.health.checked(scene.endpoint(0), false);
  scene.health.checked(scene.endpoint(1), false);
  assert.deepEqual(scene.verdicts(), [EJECTED, EJECTED, USABLE, USABLE]);
  assert.equal(scene.health.isPanicking, false);
  scene.health.checked(scene.endpoint(2), false);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE, USABLE]);
  assert.equal(scene.health.isPanicking, true);
  scene.failed(3, 5);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
  scene.ok(3);
  scene.health.checked(scene.endpoint(1), true);
  assert.deepEqual(scene.verdicts(), [EJECTED, USABLE, EJECTED, USABLE]);
});

test('with 0 failures no endpoint is ejected, and one that is ejected comes back', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.limits = { ...LIMITS, failures: 0 };
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  scene.failed(1, 1000);
  scene.pass(2);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s', '1 returned']);
});

test('settings count from the next sweep on: a longer time, a larger part', () => {
  const scene = new Scene(4);
  scene.limits = { failures: 3, ejectionMs: 600_000, maxEjectedPercent: 50 };
  scene.failed(0, 3);
  scene.failed(1, 3);
  assert.deepEqual(scene.said, ['0 failures_in_a_row 1 600s', '1 failures_in_a_row 1 600s']);
  scene.limits = { ...scene.limits, maxEjectedPercent: 25 };
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE, USABLE]);
});

test('an endpoint without a slot is never ejected, and counts as one of all', () => {
  const scene = new Scene(0);
  scene.health.update([{ id: 'beyond', slot: NO_SLOT }, ...endpointsFrom(1)]);
  scene.failed(0, 5);
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED]);
});
