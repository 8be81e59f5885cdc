import type { Registry } from 'prom-client';
import { addCounter, addGauge, addResults, inSeconds } from './sampled-metrics.ts';

/** The state of the watch on Services; times in milliseconds since the epoch. */
export interface KubeWatchState {
  readonly events: number;
  /** Lists and watches begun again after a failure. */
  readonly restarts: number;
  /** Undefined before the first event. */
  readonly lastEventMs: number | undefined;
  readonly synced: boolean;
  /** Events on Services and Ingresses, for their owners. */
  readonly serviceEvents: { readonly posted: number; readonly leftOut: number };
  /** Statuses of objects of the Gateway API; absent where no Gateway is served. */
  readonly statusWrites?: { readonly written: number; readonly conflicts: number; readonly failed: number };
}

/** What is read of the Kubernetes API, and written to it. @param now undefined where it is not the source of routes */
export function addKubeMetrics(registry: Registry, now: () => KubeWatchState | undefined): void {
  const prefix = 'kube_entry_kube_watch';
  addCounter(registry, `${prefix}_events_total`, 'Changes of Services seen.', () => now()?.events);
  addCounter(registry, `${prefix}_restarts_total`, 'Watches begun again after a failure.', () => now()?.restarts);
  addGauge(registry, `${prefix}_last_event_timestamp_seconds`, 'When the last change of a Service was seen.', () =>
    inSeconds(now()?.lastEventMs),
  );
  addResults(
    registry,
    'kube_entry_service_events_total',
    'Kubernetes Events on Services and Ingresses: posted, or left out because more happened than could be posted.',
    () => {
      const { posted, leftOut } = now()?.serviceEvents ?? {};
      return posted === undefined || leftOut === undefined ? undefined : { posted, left_out: leftOut };
    },
  );
  addResults(
    registry,
    'kube_entry_gateway_status_writes_total',
    'Statuses of Gateways, routes and other objects of the Gateway API: written, refused because the object had changed meanwhile, or failed.',
    () => {
      const { written, conflicts, failed } = now()?.statusWrites ?? {};
      if (written === undefined || conflicts === undefined || failed === undefined) return undefined;
      return { written, conflict: conflicts, failed };
    },
  );
  addGauge(registry, `${prefix}_synced`, '1 when every Service is known and the watch is up.', () => {
    const watch = now();
    return watch && Number(watch.synced);
  });
}
