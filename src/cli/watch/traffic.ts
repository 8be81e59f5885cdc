/** The traffic between two readings of the counters. Pure. */
import { cumulativeQuantile } from '../../observe/quantile.ts';
import type { MetricSamples } from '../metrics-text.ts';

const REQUESTS = 'kube_entry_requests_total';
const DURATION = 'kube_entry_request_duration_seconds_bucket';

export const TRAFFIC_METRICS: readonly string[] = [REQUESTS, DURATION];

/** What was counted for one Service since the instance started. */
interface ServiceCounts {
  readonly requests: number;
  /** Answered with 5xx. */
  readonly failures: number;
  /** Upper bounds in seconds, ascending, and how many requests took no longer. */
  readonly buckets: ReadonlyMap<number, number>;
}

/** By `namespace/name`; under an empty name, what no route took. */
export type TrafficCounts = ReadonlyMap<string, ServiceCounts>;

export interface Rate {
  readonly requestsPerSecond: number;
  /** Share of the requests that were answered with 5xx, from 0 to 1. */
  readonly failures: number;
  /** Seconds within which half of the requests were over; undefined without any. Beyond the last bound: Infinity. */
  readonly median: number | undefined;
  readonly p99: number | undefined;
}

export interface TrafficRates {
  readonly total: Rate;
  /** Those with requests, busiest first. */
  readonly services: readonly (Rate & { readonly service: string })[];
}

const NOTHING: ServiceCounts = { requests: 0, failures: 0, buckets: new Map() };

export function readCounts(metrics: MetricSamples): TrafficCounts {
  const counts = new Map<string, { requests: number; failures: number; buckets: Map<number, number> }>();
  const of = ({ namespace = '', service = '' }: Readonly<Record<string, string>>) => {
    const key = service === '' ? '' : `${namespace}/${service}`;
    const known = counts.get(key) ?? { requests: 0, failures: 0, buckets: new Map<number, number>() };
    counts.set(key, known);
    return known;
  };
  for (const { labels, value } of metrics.get(REQUESTS) ?? []) {
    const own = of(labels);
    own.requests += value;
    if (labels.code?.startsWith('5')) own.failures += value;
  }
  for (const { labels, value } of metrics.get(DURATION) ?? []) {
    of(labels).buckets.set(labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le), value);
  }
  return counts;
}

export function trafficBetween(before: TrafficCounts, after: TrafficCounts, seconds: number): TrafficRates {
  const differences = [...after].map(
    ([service, now]) => [service, difference(before.get(service) ?? NOTHING, now)] as const,
  );
  const services = differences
    .filter(([, { requests }]) => requests > 0)
    .map(([service, counts]) => ({ service, ...rateOf(counts, seconds) }))
    .sort((a, b) => b.requestsPerSecond - a.requestsPerSecond || (a.service < b.service ? -1 : 1));
  return { total: rateOf(sum(differences.map(([, counts]) => counts)), seconds), services };
}

/** Counters that went back began again: the instance was restarted, or another Service has them now. */
function difference(before: ServiceCounts, now: ServiceCounts): ServiceCounts {
  if (now.requests < before.requests) return now;
  return {
    requests: now.requests - before.requests,
    failures: Math.max(0, now.failures - before.failures),
    buckets: new Map([...now.buckets].map(([bound, count]) => [bound, count - (before.buckets.get(bound) ?? 0)])),
  };
}

function sum(all: readonly ServiceCounts[]): ServiceCounts {
  const buckets = new Map<number, number>();
  for (const { buckets: own } of all) {
    for (const [bound, count] of own) buckets.set(bound, (buckets.get(bound) ?? 0) + count);
  }
  return {
    requests: all.reduce((total, { requests }) => total + requests, 0),
    failures: all.reduce((total, { failures }) => total + failures, 0),
    buckets,
  };
}

function rateOf({ requests, failures, buckets }: ServiceCounts, seconds: number): Rate {
  return {
    requestsPerSecond: requests / seconds,
    failures: requests === 0 ? 0 : failures / requests,
    median: cumulativeQuantile(0.5, buckets),
    p99: cumulativeQuantile(0.99, buckets),
  };
}
