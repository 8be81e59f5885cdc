import type { Machine } from '../../measure/machine.ts';
import type { EndpointChanges } from '../measure/endpoint-changes.ts';
import type { FailingPod } from '../measure/failing-pod.ts';
import type { FirstSync } from '../measure/first-sync.ts';
import type { SlowPodSample } from '../measure/slow-pod.ts';
import type { SmallGetSample } from '../measure/small-get.ts';
import type { Measured } from '../measure/turns.ts';
import type { Extent } from '../options.ts';

/** Everything that a run yields; what pods.json holds. */
export interface PodsReport {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly extent: Extent;
  readonly smallGet?: readonly Measured<SmallGetSample>[];
  readonly slowPod?: readonly Measured<SlowPodSample>[];
  readonly failingPod?: readonly FailingPod[];
  readonly endpointChanges?: EndpointChanges;
  readonly firstSync?: FirstSync;
}

/** The median of one figure; of an even number the lower one in the middle. NaN where nothing was measured. */
export function median<Sample>(samples: readonly Sample[], figure: (sample: Sample) => number): number {
  const sorted = samples.map(figure).toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The median of the ratios of one balancer's rounds to another one's: what disturbed a round met both. */
export function medianRatio<Sample>(
  measured: readonly Measured<Sample>[] | undefined,
  { of, to }: { readonly of: string; readonly to: string },
  figure: (sample: Sample) => number,
): number {
  const samplesOf = (name: string) => measured?.find(one => one.name === name)?.samples ?? [];
  const others = samplesOf(to);
  const pairs = samplesOf(of).flatMap((sample, round) => {
    const other = others[round];
    return other === undefined ? [] : [figure(sample) / figure(other)];
  });
  return median(pairs, ratio => ratio);
}

export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
