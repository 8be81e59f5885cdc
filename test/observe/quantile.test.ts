import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BUCKETS } from '../../src/observe/counters.ts';
import { bucketQuantile } from '../../src/observe/quantile.ts';

function buckets(counts: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: BUCKETS.length + 1 }, (_, index) => counts[index] ?? 0);
}

test('a quantile lies within its bucket, as far in as its rank', () => {
  assert.equal(bucketQuantile(0.5, buckets({ 0: 10 })), 0.0005);
  assert.equal(bucketQuantile(0.5, buckets({ 4: 2, 5: 2 })), 0.025);
  assert.ok(Math.abs((bucketQuantile(0.75, buckets({ 4: 2, 5: 2 })) ?? 0) - 0.0375) < 1e-12);
});

test('above the last bound it is the last bound; of nothing there is none', () => {
  assert.equal(bucketQuantile(0.99, buckets({ 13: 1 })), 10);
  assert.equal(bucketQuantile(0.5, buckets({})), undefined);
});

test('a higher quantile is never lower', () => {
  const counts = fc.array(fc.nat(1000), { minLength: BUCKETS.length + 1, maxLength: BUCKETS.length + 1 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(counts, share, share, (observed, one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      assert.ok((bucketQuantile(low, observed) ?? 0) <= (bucketQuantile(high, observed) ?? 0) + 1e-12);
    }),
  );
});
