import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMetrics } from '../../../src/cli/metrics-text.ts';
import { readCounts, TRAFFIC_METRICS, type TrafficCounts, trafficBetween } from '../../../src/cli/watch/traffic.ts';

const NONE: TrafficCounts = new Map();

function counts(...lines: string[]): TrafficCounts {
  return readCounts(readMetrics(lines.map(line => `kube_entry_${line}\n`).join(''), new Set(TRAFFIC_METRICS)));
}

function requests(service: string, code: string, count: number): string {
  return `requests_total{namespace="default",service="${service}",code="${code}"} ${count}`;
}

/** @param cumulative up to 1 ms, 10 ms, 100 ms, any time */
function durations(service: string, cumulative: readonly [number, number, number, number]): string[] {
  return ['0.001', '0.01', '0.1', '+Inf'].map(
    (bound, index) =>
      `request_duration_seconds_bucket{namespace="default",service="${service}",le="${bound}"} ${cumulative[index]}`,
  );
}

test('rates are what was counted in between, busiest Service first', () => {
  const before = counts(requests('a', '200', 100), requests('b', '200', 10), requests('idle', '200', 5));
  const after = counts(
    requests('a', '200', 110),
    requests('b', '200', 40),
    requests('b', '503', 10),
    requests('idle', '200', 5),
    requests('new', '404', 4),
  );
  const { total, services } = trafficBetween(before, after, 2);
  assert.equal(total.requestsPerSecond, 27);
  assert.equal(total.failures, 10 / 54);
  assert.deepEqual(
    services.map(({ service, requestsPerSecond, failures }) => [service, requestsPerSecond, failures]),
    [
      ['default/b', 20, 0.25],
      ['default/a', 5, 0],
      ['default/new', 2, 0],
    ],
  );
});

test('what no route took is counted under an empty name', () => {
  const after = counts('requests_total{namespace="",service="",code="404"} 3');
  assert.deepEqual(
    trafficBetween(NONE, after, 1).services.map(({ service }) => service),
    [''],
  );
});

test('quantiles are interpolated as Prometheus does', () => {
  const before = counts(requests('a', '200', 1_000), ...durations('a', [1_000, 1_000, 1_000, 1_000]));
  const after = counts(requests('a', '200', 1_100), ...durations('a', [1_040, 1_060, 1_100, 1_100]));
  const { total, services } = trafficBetween(before, after, 1);
  // The 50th of 100: half of the way from the 40th, at 1 ms, to the 60th, at 10 ms.
  assert.ok(Math.abs((total.median ?? 0) - 0.0055) < 1e-9, `${total.median}`);
  assert.ok(Math.abs((total.p99 ?? 0) - (0.01 + 0.09 * (39 / 40))) < 1e-9, `${total.p99}`);
  assert.equal(services[0]?.p99, total.p99);
});

test('a time beyond the last bound is not made up, and without requests there is none', () => {
  const slow = counts(requests('a', '200', 2), ...durations('a', [0, 0, 0, 2]));
  assert.equal(trafficBetween(NONE, slow, 1).total.p99, Number.POSITIVE_INFINITY);
  const { total, services } = trafficBetween(slow, slow, 1);
  assert.deepEqual(total, { requestsPerSecond: 0, failures: 0, median: undefined, p99: undefined });
  assert.deepEqual(services, []);
});

test('counters that went back began again', () => {
  const before = counts(requests('a', '200', 1_000), requests('a', '500', 10));
  const after = counts(requests('a', '200', 7), requests('a', '500', 3));
  const { total } = trafficBetween(before, after, 1);
  assert.deepEqual([total.requestsPerSecond, total.failures], [10, 0.3]);
});

test('labels are read with their escapes, and metrics that nobody wants are not', () => {
  const text = 'a{x="q\\"b\\\\n\\nl",y=""} 1\nb 2\na 3e-3\n# HELP a {x="1"} 1\na{x="}"} +Inf\n';
  assert.deepEqual(
    [...readMetrics(text, new Set(['a', 'c']))],
    [
      [
        'a',
        [
          { labels: { x: 'q"b\\n\nl', y: '' }, value: 1 },
          { labels: {}, value: 0.003 },
          { labels: { x: '}' }, value: Number.POSITIVE_INFINITY },
        ],
      ],
      ['c', []],
    ],
  );
});
