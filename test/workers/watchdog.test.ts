import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watchdog } from '../../src/workers/watchdog.ts';

/** Looks once a second at a worker that has owed an answer for so long. */
function lookEachSecond(watchdog: Watchdog, seconds: number, hasStarted = true): string[] {
  const verdicts: string[] = [];
  for (let second = 1; second <= seconds; second += 1) {
    const verdict = watchdog.look(1_000, second * 1_000, hasStarted);
    if (verdict !== 'none') verdicts.push(`${verdict} at ${second}`);
  }
  return verdicts;
}

test('a silent worker is said after 5 s, ended after 20, and given up 5 s later, each once', () => {
  const watchdog = new Watchdog();
  assert.equal(watchdog.answers, 'in time');
  assert.deepEqual(lookEachSecond(watchdog, 60), ['late at 5', 'lost at 20', 'stuck at 25']);
  assert.equal(watchdog.answers, 'never');
});

test('one that answers again is well, and is judged anew', () => {
  const watchdog = new Watchdog();
  assert.deepEqual(lookEachSecond(watchdog, 19), ['late at 5']);
  assert.equal(watchdog.answers, 'late');
  assert.equal(watchdog.look(1_000, 0, true), 'back');
  assert.equal(watchdog.answers, 'in time');
  assert.deepEqual(lookEachSecond(watchdog, 20), ['late at 5', 'lost at 20']);
});

test('one that starts has more time', () => {
  assert.deepEqual(lookEachSecond(new Watchdog(), 119, false), ['late at 20']);
  assert.deepEqual(lookEachSecond(new Watchdog(), 130, false), ['late at 20', 'lost at 120', 'stuck at 125']);
});
