import { BUCKETS } from './counters.ts';

/**
 * A quantile from the buckets of a histogram, as Prometheus' histogram_quantile has it: linear within a bucket.
 * @param quantile 0 to 1
 * @param buckets observations per bucket, not cumulative; one more than {@link BUCKETS}
 * @returns seconds, at most the last bound; undefined when nothing was observed
 */
export function bucketQuantile(quantile: number, buckets: ArrayLike<number>): number | undefined {
  let total = 0;
  for (let index = 0; index < buckets.length; index += 1) total += buckets[index] as number;
  if (total <= 0) return undefined;
  let rank = quantile * total;
  for (let index = 0; index < BUCKETS.length; index += 1) {
    const count = buckets[index] as number;
    const bound = BUCKETS[index] as number;
    if (count > 0 && rank <= count) {
      const start = index === 0 ? 0 : (BUCKETS[index - 1] as number);
      return start + ((bound - start) * rank) / count;
    }
    rank -= count;
  }
  return BUCKETS.at(-1);
}
