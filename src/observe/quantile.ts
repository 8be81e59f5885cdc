/** Quantiles of histograms: of the one in shared memory, and of one as Prometheus has it. */
import { BUCKETS } from './counters.ts';

/**
 * A quantile from a histogram that knows the sum of the seconds in each bucket. Within a bucket, observations are taken to
 * be spread evenly around their mean, as widely as the bucket allows. Requests that end at a time limit which is a bound
 * thus show that limit, where Prometheus' histogram_quantile, which knows the bounds alone, shows any time in the bucket.
 * @param quantile 0 to 1
 * @param histogram observations by bucket, then the sum of their seconds by bucket
 * @returns seconds; undefined when nothing was observed
 */
export function bucketQuantile(quantile: number, histogram: ArrayLike<number>): number | undefined {
  const slots = BUCKETS.length + 1;
  let total = 0;
  for (let bucket = 0; bucket < slots; bucket += 1) total += histogram[bucket] as number;
  if (total <= 0) return undefined;
  let rank = quantile * total;
  for (let bucket = 0; bucket < slots; bucket += 1) {
    const count = histogram[bucket] as number;
    if (count > 0 && (rank <= count || bucket === slots - 1)) {
      const low = bucket === 0 ? 0 : (BUCKETS[bucket - 1] as number);
      const high = BUCKETS[bucket] ?? Number.POSITIVE_INFINITY;
      const mean = (histogram[slots + bucket] as number) / count;
      // Sums of fractions may lie outside of the bucket by a rounding error.
      const spread = Math.max(0, Math.min(mean - low, high - mean));
      return mean - spread + (2 * spread * Math.min(rank, count)) / count;
    }
    rank -= count;
  }
  // Rounding left a rest beyond the last bucket that holds anything.
  return BUCKETS.at(-1);
}

/**
 * A quantile from a scraped histogram, as Prometheus' histogram_quantile() has it: within a bucket, observations are taken to be
 * spread evenly.
 * @param quantile 0 to 1
 * @param buckets upper bounds in seconds, and how many observations were no greater
 * @returns seconds; Infinity beyond the last finite bound; undefined when nothing was observed
 */
export function cumulativeQuantile(quantile: number, buckets: ReadonlyMap<number, number>): number | undefined {
  const count = buckets.get(Number.POSITIVE_INFINITY) ?? 0;
  if (count <= 0) return undefined;
  const rank = quantile * count;
  let lower = 0;
  let below = 0;
  for (const bound of [...buckets.keys()].sort((a, b) => a - b)) {
    const within = buckets.get(bound) ?? 0;
    if (within >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return bound;
      return lower + (bound - lower) * ((rank - below) / Math.max(1, within - below));
    }
    lower = bound;
    below = within;
  }
  return undefined;
}
