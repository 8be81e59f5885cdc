import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { LimitBoard } from '../../src/limits/limits.ts';
import type { Race } from './racing-thread.ts';

const ROUNDS = 100;
const THREADS = 2;
/** Milliseconds: 10/s burst 50 grants 50, then 10, none, 5, and the whole burst again. */
const TIMES = [1_000, 2_000, 2_050, 2_500, 60_000];
const EXPECTED = [50, 10, 0, 5, 50];

it('two threads that ask at once get together exactly what one would, a hundred times', async t => {
  const race: Race = {
    limits: new LimitBoard(1).share(0),
    ready: new SharedArrayBuffer(4),
    granted: new SharedArrayBuffer(4 * ROUNDS * TIMES.length),
    threads: THREADS,
    rounds: ROUNDS,
    times: TIMES,
    requests: 100,
  };
  const ends = Array.from({ length: THREADS }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const thread = new Worker(new URL('./racing-thread.ts', import.meta.url), { workerData: race });
    t.after(() => thread.terminate());
    thread.once('error', reject);
    thread.once('exit', () => resolve());
    return promise;
  });
  await Promise.all(ends);
  const granted = new Int32Array(race.granted);
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round * TIMES.length;
    assert.deepEqual([...granted.subarray(first, first + TIMES.length)], EXPECTED, `round ${round}`);
  }
});
