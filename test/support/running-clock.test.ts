import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import { runningClock } from './running-clock.ts';

/** As where other processes take the CPU. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('little is counted while the process stands still', () => {
  const before = runningClock.monotonic();
  standStill(300);
  assert.ok(runningClock.monotonic() - before <= 25);
});

test('a timer waits until its time has been counted', async () => {
  let isOver = false;
  runningClock.setTimer(200, () => {
    isOver = true;
  });
  standStill(300);
  for (let turns = 0; turns < 3; turns += 1) await turn();
  assert.equal(isOver, false);
  await eventually('the timer', () => isOver);
});

test('a timer that is cancelled while it waits on is not called', async () => {
  let isCalled = false;
  const cancel = runningClock.setTimer(50, () => {
    isCalled = true;
  });
  standStill(100);
  await turn();
  cancel();
  let isOver = false;
  runningClock.setTimer(100, () => {
    isOver = true;
  });
  await eventually('a later timer', () => isOver);
  assert.equal(isCalled, false);
});
