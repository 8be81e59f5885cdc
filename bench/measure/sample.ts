/** What one measurement yields; a scenario fills what it can tell. */
export interface Sample {
  /** Microseconds of the proxy's CPU, user and system of all its processes, per unit of the scenario. */
  readonly cpu?: number;
  /** Units per second. */
  readonly rate?: number;
  /** Latency in microseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** Resident bytes of all its processes, straight after the load. */
  readonly rss?: number;
  /** Requests without a good answer. */
  readonly failed?: number;
  /** Resident bytes that an idle connection adds. */
  readonly connectionBytes?: number;
  /** 99th percentile in microseconds before routes began to change. */
  readonly quietP99?: number;
  /** Route changes made per second. */
  readonly changes?: number;
}

export type Metric = keyof Sample;

/** Metric by metric the median; of an even number the lower one in the middle, which was really measured. */
export function medians(samples: readonly Sample[]): Sample {
  const metrics = new Set(samples.flatMap(sample => Object.keys(sample) as Metric[]));
  return Object.fromEntries(
    [...metrics].map(metric => [metric, median(samples.flatMap(sample => sample[metric] ?? []))]),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
