/** One look at a running instance. */

import { serviceKey } from '../../model/route.ts';
import { isObject } from '../../resources/service-object.ts';
import { hostLabel } from '../../text/labels.ts';
import { askMetrics, askTable } from '../admin-answers.ts';
import type { AdminClient } from '../admin-client.ts';
import type { MetricSamples } from '../metrics-text.ts';
import {
  CERTIFICATE_PROBLEMS,
  CERTIFICATES,
  certificateCounts,
  ENDPOINTS,
  endpointCounts,
  GATEWAYS,
  gatewayCounts,
  lateWorkers,
  type Status,
  WORKER_LAG,
} from '../status-report.ts';
import { readCounts, TRAFFIC_METRICS, type TrafficCounts } from './traffic.ts';

const BUILD_INFO = 'kube_entry_build_info';
const UPSTREAM_CONNECTIONS = 'kube_entry_upstream_connections';
const WORKER_RESTARTS = 'kube_entry_worker_restarts_total';
const LAST_CHANGE = 'kube_entry_config_last_change_timestamp_seconds';
const STARTED = 'process_start_time_seconds';

const METRICS: ReadonlySet<string> = new Set([
  BUILD_INFO,
  UPSTREAM_CONNECTIONS,
  WORKER_RESTARTS,
  WORKER_LAG,
  ENDPOINTS,
  CERTIFICATES,
  CERTIFICATE_PROBLEMS,
  ...Object.values(GATEWAYS),
  LAST_CHANGE,
  STARTED,
  ...TRAFFIC_METRICS,
]);

export interface InstanceSample {
  readonly status: Status;
  readonly upstreams: { readonly idle: number; readonly busy: number };
  /** Undefined where the instance does not say. */
  readonly workers: number | undefined;
  /** Replaced since the start. */
  readonly workerRestarts: number;
  /** Seconds since the epoch; undefined where there was none or the instance does not say. */
  readonly startedAt: number | undefined;
  readonly changedAt: number | undefined;
  readonly counts: TrafficCounts;
  /** Where each Service is exposed, `HOST/PATH` or `/PATH`, by `namespace/name`. */
  readonly places: ReadonlyMap<string, readonly string[]>;
}

/** @throws KubeEntryError if no process answers, or not as a running instance does */
export async function takeSample(client: AdminClient): Promise<InstanceSample> {
  const [metrics, { summary, connections, routes }, general] = await Promise.all([
    askMetrics(client, METRICS),
    askTable(client),
    client.json('/configuration/general'),
  ]);
  const places = Map.groupBy(routes, route => serviceKey(route.service));
  return {
    status: {
      build: metrics.get(BUILD_INFO)?.[0]?.labels ?? {},
      table: summary,
      connections,
      lateWorkers: lateWorkers(metrics),
      endpoints: endpointCounts(metrics),
      certificates: certificateCounts(metrics),
      gateways: gatewayCounts(metrics),
    },
    upstreams: {
      idle: numberOf(metrics, UPSTREAM_CONNECTIONS, 'idle') ?? 0,
      busy: numberOf(metrics, UPSTREAM_CONNECTIONS, 'busy') ?? 0,
    },
    workers: isObject(general) && typeof general.workers === 'number' ? general.workers : undefined,
    workerRestarts: numberOf(metrics, WORKER_RESTARTS) ?? 0,
    startedAt: numberOf(metrics, STARTED),
    changedAt: numberOf(metrics, LAST_CHANGE),
    counts: readCounts(metrics),
    places: new Map(
      [...places].map(([service, own]) => [
        service,
        own.map(({ host, path }) => (host === '' ? path : hostLabel(host) + path)),
      ]),
    ),
  };
}

function numberOf(metrics: MetricSamples, name: string, state?: string): number | undefined {
  return metrics.get(name)?.find(({ labels }) => labels.state === state)?.value;
}
