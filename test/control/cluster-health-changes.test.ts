/** Endpoints that come, go and come again, and those whose active check fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EJECTED, TRIAL, USABLE } from '../../src/observe/endpoint-board.ts';
import { endpointsFrom, LIMITS, Scene } from './cluster-health-fixture.ts';

test('when endpoints leave and too many of the rest are ejected, the first whose time ends is let in', () => {
  const scene = new Scene(9);
  scene.failed(0, 5);
  scene.pass(1);
  scene.failed(1, 5);
  scene.health.update(scene.health.endpoints.slice(0, 3));
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.health.update(scene.health.endpoints.slice(1, 2));
  assert.deepEqual(scene.verdicts(), [USABLE]);
  assert.equal(scene.said.at(-1), '1 returned', 'the last endpoint is never ejected, also where the others have left');
});

test('a pod that is replaced starts clean, though it has the slot and the address of the one before', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update([...endpointsFrom(1), ...endpointsFrom(1, 2)]);
  scene.board.clearSlot(1);
  scene.health.update([...endpointsFrom(1), { id: 'new', slot: 1 }, ...endpointsFrom(1, 2)]);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

test('the readiness of Kubernetes does not end an ejection: a pod that is unready and ready again is out for the rest', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update([...endpointsFrom(1), ...endpointsFrom(1, 2)]);
  // Its clients' cookies may still lead to it.
  assert.equal(scene.board.verdict(1), USABLE);
  scene.pass(10);
  scene.health.update([...endpointsFrom(1), { id: '1', slot: 7 }, ...endpointsFrom(1, 2)]);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.pass(20);
  assert.deepEqual(scene.verdicts(), [USABLE, TRIAL, USABLE]);
});

test('one that stays away for longer than its ejection starts clean', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update(endpointsFrom(1));
  scene.pass(31);
  scene.health.update(endpointsFrom(3));
  scene.board.clearSlot(1);
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

test('an endpoint whose active check fails gets nothing until it passes', () => {
  const scene = new Scene(3);
  scene.health.checked(scene.endpoint(1), false);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.pass(1000);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.health.checked(scene.endpoint(1), true);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

test('a check that passes does not end an ejection', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.checked(scene.endpoint(1), false);
  scene.health.checked(scene.endpoint(1), true);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
});

test('an endpoint whose active check fails is not ejected for its failures besides', () => {
  const scene = new Scene(4);
  scene.health.checked(scene.endpoint(1), false);
  scene.failed(1, 5);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
});

test('what was counted before an endpoint came, and before it came back, does not count for the rate', () => {
  const scene = new Scene(2);
  scene.limits = { ...LIMITS, failures: 100, ejectionMs: 1000 };
  for (let count = 0; count < 90; count += 1) scene.rows[0].failed(2);
  scene.health.update(endpointsFrom(3));
  scene.pass(2);
  assert.deepEqual(scene.said, []);
  scene.failed(1);
  scene.pass(1);
  scene.failed(1, 60);
  scene.pass(2);
  assert.deepEqual(scene.said, ['1 failure_percentage 1 1s']);
  scene.ok(1);
  scene.pass(2);
  assert.deepEqual(scene.said.slice(1), ['1 returned']);
});

test('a cluster that is gone leaves no verdict behind', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update([]);
  assert.equal(scene.board.verdict(1), USABLE);
});
