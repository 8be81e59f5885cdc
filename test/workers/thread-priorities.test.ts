/** Requests go before changes: the nice values of real threads, as Linux has them. In a file, and so a process, of its own: they never go back. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startFleet } from './fleet-fixture.ts';

const START = getPriority(0);
const behind = (steps: number): number => Math.min(START + 5 * steps, 19);

/** Field 19 of /proc/PID/task/TID/stat, by the thread's name: proc_pid_stat(5). */
function niceOf(name: RegExp): number[] {
  const stats = readdirSync('/proc/self/task').map(thread => readFileSync(`/proc/self/task/${thread}/stat`, 'latin1'));
  const named = stats.filter(stat => name.test(stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))));
  return named.map(stat => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]));
}

test('the main thread is behind all workers, those that replace others among them', {
  skip: process.platform !== 'linux' && 'only Linux gives each thread a priority',
}, async context => {
  const running = await startFleet(context, { settings: { workers: 2 } });
  assert.deepEqual([niceOf(/^worker/), getPriority(0)], [[START, START], START], 'all the same while it starts');

  running.fleet.yieldToWorkers();
  assert.deepEqual([niceOf(/^worker/), getPriority(0)], [[START, START], behind(1)]);

  await running.crash(0);
  await eventually('a replacement, and no worker that goes before another', () => {
    return JSON.stringify(niceOf(/^worker/)) === JSON.stringify([behind(1), behind(1)]);
  });
  assert.equal(getPriority(0), behind(2));

  for (let count = 2; count < 6; count += 1) {
    await running.crash(count);
    await eventually('the next thread', () => running.threads[count + 1]);
  }
  await eventually('all at the end of the scale, where they are equal', () => {
    return JSON.stringify(niceOf(/^worker/)) === JSON.stringify([19, 19]) && getPriority(0) === 19;
  });
});
