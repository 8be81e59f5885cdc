/** How an ejected endpoint comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EJECTED, TRIAL, USABLE } from '../../src/observe/endpoint-board.ts';
import { Scene } from './cluster-health-fixture.ts';

test('after its time one trial is offered, and its success lets the endpoint in', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.pass(29);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), TRIAL);
  assert.equal(scene.rows[1].takeTrial(1), true);
  assert.equal(scene.rows[0].takeTrial(1), false);
  scene.rows[1].begin(1);
  scene.pass(3);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.rows[1].succeeded(1, 5);
  scene.rows[1].end(1);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), USABLE);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s', '1 returned']);
});

test('a trial that fails sends the endpoint away for longer each time, for 300 s at most', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  for (let times = 1; times <= 11; times += 1) {
    scene.pass(Math.min(300, 30 * times));
    assert.equal(scene.rows[0].takeTrial(1), true, `trial ${times}`);
    scene.rows[0].failed(1);
    scene.pass(1);
    assert.equal(scene.rows[0].takeTrial(1), false);
  }
  assert.deepEqual(scene.said.slice(0, 3), [
    '1 failures_in_a_row 1 30s',
    '1 failed_trial 2 60s',
    '1 failed_trial 3 90s',
  ]);
  assert.deepEqual(scene.said.slice(9), ['1 failed_trial 10 300s', '1 failed_trial 11 300s', '1 failed_trial 12 300s']);
});

test('every ten seconds in use take one from the times in a row', () => {
  for (const [seconds, expected] of [
    [9, '1 failures_in_a_row 3 90s'],
    [11, '1 failures_in_a_row 2 60s'],
    [21, '1 failures_in_a_row 1 30s'],
  ] as const) {
    const scene = new Scene(3);
    scene.failed(1, 5);
    scene.pass(30);
    scene.failed(1);
    scene.pass(61);
    scene.ok(1);
    scene.pass(seconds);
    scene.failed(1, 5);
    assert.equal(scene.said.at(-1), expected);
  }
});

test('a trial whose request ends without an answer, as when its worker dies, is offered again', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.pass(30);
  assert.ok(scene.rows[0].takeTrial(1));
  scene.rows[0].begin(1);
  scene.pass(5);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.board.clearRow(0);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), TRIAL);
});

test('a trial whose request never ends does not keep the endpoint away for ever', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.pass(30);
  assert.ok(scene.rows[0].takeTrial(1));
  scene.rows[0].begin(1);
  scene.pass(30);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), TRIAL);
});
