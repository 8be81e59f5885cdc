/** Who among the endpoints of all clusters gets requests: judged from what workers count and from active checks. */
import type { Clock } from '../../clock.ts';
import type { Cluster, ClusterEndpoint } from '../../model/cluster.ts';
import { type ClusterId, serviceKey } from '../../model/route.ts';
import { type EndpointBoard, NO_SLOT } from '../../observe/endpoint-board.ts';
import type { EndpointCounts, EndpointFigures, EndpointStatistics } from '../../observe/endpoint-series.ts';
import type { Settings } from '../../settings/schema.ts';
import type { EndpointJudge } from '../../workers/endpoint-judge.ts';
import type { ClusterReport, EndpointReport, EndpointState } from '../endpoint-report.ts';
import { ActiveChecks } from './active-checks.ts';
import { ClusterChecks } from './cluster-checks.ts';
import { ClusterHealth, type HealthContext } from './cluster-health.ts';
import type { EjectionReason, OutlierLimits } from './ejection.ts';
import { FailureWindows } from './failure-windows.ts';
import type { HealthAnnouncer } from './health-announcer.ts';
import type { HealthProbe } from './health-probe.ts';

const SWEEP_MS = 1_000;
/** Endpoints of one cluster that a report lists. */
const MOST_REPORTED = 1_000;

/** An endpoint that takes requests. */
interface ReadyEndpoint {
  readonly id: string;
  readonly slot: number;
  readonly endpoint: ClusterEndpoint;
}

const WHY: Readonly<Record<EjectionReason, string>> = {
  failures_in_a_row: 'requests to it failed, one after the other',
  failure_percentage: 'most requests to it failed',
  failed_trial: 'the request that tried it failed',
};

interface Watched {
  cluster: Cluster;
  /** Those that take requests and those that are draining. */
  endpoints: readonly ClusterEndpoint[];
  /** In the order of the endpoints. */
  slots: readonly number[];
  readonly health: ClusterHealth<ReadyEndpoint>;
  readonly checks: ClusterChecks<ReadyEndpoint>;
}

export interface EndpointHealthOptions {
  readonly board: EndpointBoard;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly announcer: Pick<HealthAnnouncer, 'note' | 'flush'>;
  readonly probe: Pick<HealthProbe, 'check'>;
  readonly random?: () => number;
}

export class EndpointHealth implements EndpointJudge, EndpointStatistics {
  readonly ejections: Record<EjectionReason, number> = {
    failures_in_a_row: 0,
    failure_percentage: 0,
    failed_trial: 0,
  };
  readonly #options: EndpointHealthOptions;
  readonly #context: HealthContext;
  readonly #checks: ActiveChecks;
  readonly #clusters = new Map<ClusterId, Watched>();
  readonly #stopSweeping: () => void;
  #limits: OutlierLimits;

  constructor(options: EndpointHealthOptions) {
    const { board, clock, settings, probe, random = Math.random } = options;
    this.#options = options;
    this.#limits = limitsOf(settings);
    this.#context = {
      board,
      windows: new FailureWindows(board),
      limits: () => this.#limits,
      now: () => clock.monotonic(),
    };
    this.#checks = new ActiveChecks({ clock, probe, random });
    this.#stopSweeping = clock.repeat(SWEEP_MS, () => this.#sweep());
  }

  /** They count from the next sweep on. */
  settingsChanged(settings: Settings): void {
    this.#limits = limitsOf(settings);
  }

  update(cluster: Cluster, endpoints: readonly ClusterEndpoint[], slots: readonly number[] | undefined): void {
    // Behind a ClusterIP are pods that only kube-proxy knows.
    if (slots === undefined) {
      this.remove(cluster.id);
      return;
    }
    const watched = this.#clusters.get(cluster.id) ?? this.#watch(cluster);
    const ready = readyOf(endpoints, slots, watched.health.endpoints);
    watched.cluster = cluster;
    watched.endpoints = endpoints;
    watched.slots = slots;
    watched.health.update(ready);
    watched.checks.update(ready, cluster);
  }

  remove(id: ClusterId): void {
    const watched = this.#clusters.get(id);
    if (watched === undefined) return;
    this.#clusters.delete(id);
    watched.checks.update([], {});
    watched.health.update([]);
  }

  suspect(id: ClusterId, slot: number): void {
    const health = this.#clusters.get(id)?.health;
    const endpoint = health?.endpoints.find(one => one.slot === slot);
    if (endpoint !== undefined) health?.suspect(endpoint);
  }

  /** How many endpoints of each Service are in each state. */
  *counts(): Generator<EndpointCounts> {
    const byService = Map.groupBy(this.#clusters.values(), ({ cluster }) => serviceKey(cluster.service));
    for (const clusters of byService.values()) {
      const [first] = clusters;
      // An alert that no endpoint is ready needs the zero.
      const counts = new Map<EndpointState, number>([['ready', 0]]);
      for (const watched of clusters) count(watched, counts);
      if (first !== undefined) yield { service: first.cluster.service, counts };
    }
  }

  /** About a cluster whose endpoints are balanced; undefined where kube-proxy chooses. */
  reportOf(id: ClusterId): ClusterReport | undefined {
    const watched = this.#clusters.get(id);
    if (watched === undefined) return undefined;
    const { cluster, endpoints, health } = watched;
    return {
      cluster: id,
      name: cluster.name,
      usesAll: health.isPanicking,
      endpoints: endpoints.slice(0, MOST_REPORTED).map((_, index) => this.#report(watched, index)),
      more: Math.max(0, endpoints.length - MOST_REPORTED),
    };
  }

  /** Endpoints of a cluster that get no requests now, or only some. @param most of them */
  outOfUse(id: ClusterId, most: number): EndpointReport[] {
    const watched = this.#clusters.get(id);
    if (watched === undefined) return [];
    const found: EndpointReport[] = [];
    for (const [index, endpoint] of watched.endpoints.entries()) {
      if (found.length === most) break;
      if (stateOf(watched.health, endpoint) !== 'ready') found.push(this.#report(watched, index));
    }
    return found;
  }

  /** What is counted for each endpoint of all clusters. */
  *figures(): Generator<EndpointFigures> {
    const { board } = this.#options;
    for (const { cluster, endpoints, slots } of this.#clusters.values()) {
      for (const [index, { pod, address, port }] of endpoints.entries()) {
        const slot = slots[index] ?? NO_SLOT;
        const counted = { inFlight: board.inFlight(slot), firstByteMs: board.firstByteMs(slot) };
        yield { service: cluster.service, pod, address, port, ...counted };
      }
    }
  }

  close(): void {
    this.#stopSweeping();
    for (const id of [...this.#clusters.keys()]) this.remove(id);
  }

  #watch(cluster: Cluster): Watched {
    const { announcer } = this.#options;
    const health = new ClusterHealth<ReadyEndpoint>(this.#context, {
      ejected: ({ endpoint }, { reason }) => {
        this.ejections[reason] += 1;
        // After a trial that failed it is out as before.
        if (reason !== 'failed_trial') announcer.note('ejected', watched.cluster.service, endpoint, WHY[reason]);
      },
      returned: ({ endpoint }) => announcer.note('returned', watched.cluster.service, endpoint),
    });
    const checks = new ClusterChecks<ReadyEndpoint>(this.#checks, (ready, passes) => {
      if (health.isFailing(ready) === !passes) return;
      health.checked(ready, passes);
      const why = `its health check fails: ${checks.lastOf(ready)?.detail ?? ''}`;
      announcer.note(passes ? 'returned' : 'unhealthy', watched.cluster.service, ready.endpoint, why);
    });
    const watched: Watched = { cluster, endpoints: [], slots: [], health, checks };
    this.#clusters.set(cluster.id, watched);
    return watched;
  }

  #sweep(): void {
    for (const { health } of this.#clusters.values()) health.sweep();
    this.#options.announcer.flush();
  }

  #report({ health, checks, endpoints, slots }: Watched, index: number): EndpointReport {
    const { board, clock } = this.#options;
    const endpoint = endpoints[index] as ClusterEndpoint;
    const slot = slots[index] ?? NO_SLOT;
    const ejection = health.ejectionOf(endpoint);
    const check = checks.lastOf(endpoint);
    return {
      ...endpoint,
      health: stateOf(health, endpoint),
      inFlight: board.inFlight(slot),
      firstByteMs: board.firstByteMs(slot),
      ...(ejection !== undefined && {
        ejection: {
          reason: ejection.reason,
          times: ejection.times,
          until: Math.round(clock.now() + ejection.until - clock.monotonic()),
        },
      }),
      ...(check !== undefined && { check }),
    };
  }
}

/** @param before as it was: what has not changed is the same object */
function readyOf(
  endpoints: readonly ClusterEndpoint[],
  slots: readonly number[],
  before: readonly ReadyEndpoint[],
): readonly ReadyEndpoint[] {
  const ready: ReadyEndpoint[] = [];
  let next = 0;
  endpoints.forEach((endpoint, index) => {
    if (endpoint.state !== 'ready') return;
    const slot = slots[index] ?? NO_SLOT;
    // Where one has gone or come, the others are in the same order.
    const place = before[next]?.endpoint === endpoint ? next : next + 1;
    const known = before[place];
    const isKnown = known?.endpoint === endpoint && known.slot === slot;
    if (isKnown) next = place + 1;
    ready.push(isKnown ? known : { id: endpoint.id, slot, endpoint });
  });
  return ready;
}

/** Adds the endpoints of a cluster to `counts`. Where all is well, which is nearly everywhere, it looks at none of them. */
function count({ health, endpoints }: Watched, counts: Map<EndpointState, number>): void {
  const add = (state: EndpointState, more: number): void => void counts.set(state, (counts.get(state) ?? 0) + more);
  if (health.isWell) {
    add('ready', health.endpoints.length);
    if (endpoints.length > health.endpoints.length) add('draining', endpoints.length - health.endpoints.length);
  } else {
    for (const endpoint of endpoints) add(stateOf(health, endpoint), 1);
  }
}

function stateOf(health: ClusterHealth<ReadyEndpoint>, endpoint: ClusterEndpoint): EndpointState {
  if (endpoint.state === 'draining') return 'draining';
  if (health.isFailing(endpoint)) return 'unhealthy';
  const phase = health.ejectionOf(endpoint)?.phase;
  return phase === undefined ? 'ready' : phase === 'trial' ? 'trial' : 'ejected';
}

function limitsOf({ outlierFailures, outlierEjectionTime, outlierMaxEjected }: Settings): OutlierLimits {
  return { failures: outlierFailures, ejectionMs: outlierEjectionTime, maxEjectedPercent: outlierMaxEjected };
}
