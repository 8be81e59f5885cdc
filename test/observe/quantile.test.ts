import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTOGRAM_SLOTS, WorkerCounters } from '../../src/observe/counters.ts';
import { bucketQuantile } from '../../src/observe/quantile.ts';
import fc from '../support/property.ts';

/** The histogram of requests that took so long; seconds. */
function histogram(...observed: readonly number[]): Float64Array {
  const counters = new WorkerCounters(new SharedArrayBuffer(64 * 1024));
  for (const seconds of observed) counters.countRequest(0, 200, seconds, Number.NaN);
  const tally = new Float64Array(1 + HISTOGRAM_SLOTS);
  counters.addTallyTo(tally, 0);
  return tally.subarray(1);
}

function assertNear(actual: number | undefined, expected: number, message?: string): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-9, `${actual} is not ${expected} ${message ?? ''}`);
}

test('observations are spread around the mean of their bucket, as widely as it allows', () => {
  // All of the bucket from 25 to 50 ms.
  const even = histogram(0.03, 0.0375, 0.045);
  assertNear(bucketQuantile(0.5, even), 0.0375);
  assertNear(bucketQuantile(0.9, even), 0.0475);
  // Its lower half.
  assertNear(bucketQuantile(0.5, histogram(0.03, 0.03)), 0.03);
});

test('where a time limit ends one of four requests, the p99 is that limit', () => {
  const quick = Array.from({ length: 75 }, (_, index) => 0.002 + index / 10_000);
  for (const limit of [1, 2, 3, 5, 10, 30, 60]) {
    const ended = Array.from({ length: 25 }, (_, index) => limit + 0.001 + index / 5_000);
    const p99 = bucketQuantile(0.99, histogram(...quick, ...ended)) ?? Number.NaN;
    assert.ok(p99 >= limit && p99 < limit + 0.02, `${p99} for ${limit}`);
  }
});

test('of nothing there is no quantile', () => {
  assert.equal(bucketQuantile(0.5, histogram()), undefined);
});

test('a higher quantile is never lower, and none lies outside of what was observed by more than its bucket', () => {
  const seconds = fc.array(fc.double({ min: 0, max: 120, noNaN: true }), { minLength: 1 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(seconds, share, share, (observed, one, other) => {
      const slots = histogram(...observed);
      const [low = 0, high = 0] = [Math.min(one, other), Math.max(one, other)].map(q => bucketQuantile(q, slots));
      assert.ok(low <= high + 1e-9);
      assert.ok(high <= 2 * Math.max(...observed) + 1e-9);
    }),
  );
});
