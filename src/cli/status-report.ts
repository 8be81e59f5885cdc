/** The state of a running instance, and the lines that describe it to people. */

import type { StubStatus } from '../admin/stub-status.ts';
import { stalenessOf } from '../control/staleness.ts';
import type { Style } from '../text/colour.ts';
import { plural } from '../text/labels.ts';
import { LATE_MS } from '../workers/subscription.ts';
import type { TableSummary } from './admin-answers.ts';
import type { MetricSamples } from './metrics-text.ts';
import type { Fact } from './terminal/table.ts';

/** What `status --json` prints. */
export interface Status {
  readonly build: Readonly<Record<string, string>>;
  readonly table: TableSummary;
  /** nginx's counters, over all workers: the proxy's clients alone. */
  readonly connections: StubStatus;
  readonly lateWorkers: readonly LateWorker[];
  /** Of Services that are balanced over them, by state; empty without such Services. */
  readonly endpoints: Readonly<Record<string, number>>;
  readonly certificates: CertificateCounts;
  /** Gateways, their listeners, routes and ports, by state; empty where no Gateway is served. */
  readonly gateways: GatewayCounts;
}

/** By what is counted, then by state. */
export type GatewayCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Certificates that Services ask for. */
export interface CertificateCounts {
  readonly count: number;
  /** How many have a problem, by reason. */
  readonly problems: Readonly<Record<string, number>>;
}

/** A worker that has not answered the main thread in time. */
export interface LateWorker {
  readonly worker: string;
  readonly silentSeconds: number;
}

/** The metric that {@link lateWorkers} reads. */
export const WORKER_LAG = 'kube_entry_worker_lag_seconds';

export function lateWorkers(metrics: MetricSamples): LateWorker[] {
  return (metrics.get(WORKER_LAG) ?? [])
    .filter(({ value }) => value * 1000 >= LATE_MS)
    .map(({ labels: { worker = '?' }, value }) => ({ worker, silentSeconds: value }));
}

/** The metric that {@link endpointCounts} reads. */
export const ENDPOINTS = 'kube_entry_endpoints';

export function endpointCounts(metrics: MetricSamples): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { labels, value } of metrics.get(ENDPOINTS) ?? []) {
    const { state = 'unknown' } = labels;
    counts[state] = (counts[state] ?? 0) + value;
  }
  return counts;
}

/** @returns undefined when no Service is balanced over its endpoints */
export function endpointsFact({ endpoints }: Status): Fact | undefined {
  const found = Object.entries(endpoints);
  if (found.length === 0) return undefined;
  const shown = found.filter(([state, count]) => count > 0 || state === 'ready');
  const text = shown.map(([state, count]) => `${count} ${state}`).join(', ');
  const isWell = shown.every(([state]) => state === 'ready' || state === 'draining');
  return isWell ? ['Endpoints', text] : ['Endpoints', `${text} (why: kube-entry backends NAME)`, 'yellow'];
}

/** The metrics that {@link certificateCounts} reads. */
export const CERTIFICATES = 'kube_entry_certificates';
export const CERTIFICATE_PROBLEMS = 'kube_entry_certificate_problems';

export function certificateCounts(metrics: MetricSamples): CertificateCounts {
  const found = metrics.get(CERTIFICATE_PROBLEMS) ?? [];
  const problems = found.map(({ labels: { reason = 'unknown' }, value }) => [reason, value] as const);
  return { count: metrics.get(CERTIFICATES)?.[0]?.value ?? 0, problems: Object.fromEntries(problems) };
}

/** @returns undefined when no Service asks for one */
export function certificatesFact({ certificates: { count, problems } }: Status): Fact | undefined {
  if (count === 0) return undefined;
  const found = Object.entries(problems);
  if (found.length === 0) return ['Certificates', `${count}`];
  const text = found.map(([reason, number]) => `${number} ${reason}`).join(', ');
  return ['Certificates', `${count}, ${text} (why: kube-entry certificates)`, 'yellow'];
}

/** The metrics that {@link gatewayCounts} reads, by what people call them. */
export const GATEWAYS = {
  Gateways: 'kube_entry_gateways',
  listeners: 'kube_entry_gateway_listeners',
  routes: 'kube_entry_gateway_routes',
  ports: 'kube_entry_gateway_ports',
} as const;

export function gatewayCounts(metrics: MetricSamples): GatewayCounts {
  const counts = Object.entries(GATEWAYS).flatMap(([what, name]) => {
    const samples = metrics.get(name) ?? [];
    return samples.length === 0
      ? []
      : [
          [
            what,
            Object.fromEntries(samples.map(({ labels: { state = 'unknown' }, value }) => [state, value])),
          ] as const,
        ];
  });
  return Object.fromEntries(counts);
}

/** @returns undefined when no Gateway is served */
export function gatewaysFact({ gateways }: Status): Fact | undefined {
  const parts = Object.entries(gateways).map(([what, states]) => {
    const found = Object.entries(states).filter(([, count]) => count > 0);
    return `${what}: ${found.length === 0 ? 'none' : found.map(([state, count]) => `${count} ${state}`).join(', ')}`;
  });
  if (parts.length === 0) return undefined;
  const isWell = Object.values(gateways).every(({ refused = 0, failed = 0 }) => refused + failed === 0);
  return isWell
    ? ['Gateways', parts.join('; ')]
    : ['Gateways', `${parts.join('; ')} (why: kube-entry routes)`, 'yellow'];
}

/** @returns undefined when all workers answer */
export function lateWorkersFact({ lateWorkers: late }: Status): Fact | undefined {
  if (late.length === 0) return undefined;
  const parts = late.map(
    ({ worker, silentSeconds }) => `${worker} has not answered for ${Math.round(silentSeconds)} s`,
  );
  return ['Workers', parts.join(', '), 'red'];
}

/** As /readyz defines it. */
export function isReady({ initialised, draining }: TableSummary): boolean {
  return initialised && !draining;
}

/** @param now milliseconds since the epoch */
export function moodOf(table: TableSummary, now: number): Style {
  if (!isReady(table)) return 'red';
  return stalenessOf(table.source, now) === undefined ? 'green' : 'yellow';
}

export function headline({ build, table }: Status, socket: string, now: number): string {
  return `kube-entry ${build.version ?? 'of unknown version'} on ${socket} is ${readiness(table, now)}`;
}

function readiness({ draining, initialised, source }: TableSummary, now: number): string {
  if (draining) return 'not ready: draining, it exits when its requests have ended';
  if (!initialised) return 'not ready: no complete route table yet';
  const stale = stalenessOf(source, now);
  return stale === undefined ? 'ready' : `ready, stale since ${stale.since}: ${stale.reason}`;
}

export function routesFact({ routes, version, refusals, conflicts }: TableSummary, remark = ''): Fact {
  const text = `${plural(routes, 'route')} in version ${version} of the table${remark}`;
  if (refusals + conflicts === 0) return ['Routes', text];
  const refused = refusals === 0 ? '' : `, ${plural(refusals, 'refusal')}`;
  const contested = conflicts === 0 ? '' : `, ${plural(conflicts, 'conflict')}`;
  return ['Routes', `${text}${refused}${contested} (why: kube-entry routes)`, 'yellow'];
}

export function sourceFact({ source: { kind, synced, problem } }: TableSummary): Fact {
  const text = `${kind}, ${synced ? 'in sync' : 'not in sync'}${problem === undefined ? '' : `: ${problem}`}`;
  return synced ? ['Source', text] : ['Source', text, 'red'];
}

export function connectionsFact({ active, reading, writing, waiting }: StubStatus): Fact {
  return ['Connections', `${active} active: ${reading} reading, ${writing} writing, ${waiting} waiting`];
}
