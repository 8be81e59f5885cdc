/** A thread that asks one table of rates, beside another thread that does the same. */
import { workerData } from 'node:worker_threads';
import { openLimits, type SharedLimits } from '../../src/limits/limits.ts';
import { rateOf } from '../../src/limits/rate-table.ts';

/** Where the threads meet: how many are ready for a round, and how many requests were granted in each. */
export interface Race {
  readonly limits: SharedLimits;
  readonly ready: SharedArrayBuffer;
  readonly granted: SharedArrayBuffer;
  readonly threads: number;
  readonly rounds: number;
  /** Moments at which each round asks, one after the other. */
  readonly times: readonly number[];
  /** Of each thread, at each moment. */
  readonly requests: number;
}

const { limits, threads, rounds, times, requests, ...race } = workerData as Race;
const { rates, hash } = openLimits(limits);
const ready = new Int32Array(race.ready);
const granted = new Int32Array(race.granted);
const rate = rateOf(10, 1_000, 50);
let met = 0;

/** Returns when all threads have come so far: they go on at once. */
function meet(): void {
  met += 1;
  Atomics.add(ready, 0, 1);
  Atomics.notify(ready, 0);
  for (let come = 0; come < met * threads; come = Atomics.load(ready, 0)) Atomics.wait(ready, 0, come);
}

for (let round = 0; round < rounds; round += 1) {
  hash.hash(`client ${round}`);
  for (const [index, time] of times.entries()) {
    meet();
    let count = 0;
    for (let turn = 0; turn < requests; turn += 1) if (rates.take(hash, time, rate) === 0) count += 1;
    Atomics.add(granted, round * times.length + index, count);
  }
}
