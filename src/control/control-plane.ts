/** What the admin servers ask of the control plane. */

import type { ServedCluster } from '../model/delta.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { GatewayPort } from '../model/gateway-port.ts';
import type { ClusterId, RouteLimits } from '../model/route.ts';
import type { FailureReport } from '../observe/failure-log.ts';
import type { ProgramState, Scrape } from '../observe/registry.ts';
import type { Conflict } from '../routing/ledger.ts';
import type { RouteTable } from '../routing/table.ts';
import type { WorkerReport } from '../workers/supervisor.ts';
import type { BackendInForce } from './catalog/backends-in-force.ts';
import type { CertificateReport } from './certificates/certificate-report.ts';
import type { TableChange } from './change-log.ts';
import type { ClusterReports } from './cluster-reports.ts';
import type { ObservedCluster } from './observed-cluster.ts';
import type { RouteReports } from './route-reports.ts';

/** The state of a source of routes, for people. */
export interface SourceReport {
  readonly kind: 'kube' | 'manifests' | 'push';
  /** A complete set has been read and the source is connected now. */
  readonly synced: boolean;
  /**
   * Until when the routes served were known to be true, as RFC 3339 writes it; present while they are those of a state
   * file because this process has not received any others yet.
   */
  readonly staleSince?: string;
  /** Since when, as RFC 3339 writes it, it has not been followed; present while one that was synced before is lost. */
  readonly lostSince?: string;
  /** What is wrong at the moment, if anything. */
  readonly problem?: string;
}

export interface ControlPlane {
  /** The first complete table serves on all workers. */
  readonly isInitialised: boolean;
  /** SIGTERM has come: the instance is no longer ready. */
  readonly isDraining: boolean;
  readonly table: RouteTable;
  /** The ports of Gateways. */
  gatewayPorts(): Iterable<GatewayPort>;
  /** A cluster that routes of the table lead to. */
  cluster(id: ClusterId): ServedCluster | undefined;
  /**
   * The clusters that routes lead to, with what is known of their endpoints.
   * @param wanted a backend, `namespace-service-port`, or a Service, `name` or `namespace/name`; undefined: all
   */
  observedClusters(wanted: string | undefined): Iterable<ObservedCluster>;
  /** Which endpoints of a cluster get no requests, and where a request would go. */
  readonly reports: Pick<ClusterReports, 'outOfUse' | 'choose'>;
  /** What is in force for a route and does not stand in it. */
  readonly routes: Pick<RouteReports, 'limitOrigins' | 'plainRedirect'>;
  /** The certificates that objects ask for, and what is wrong with them. */
  readonly certificates: { all(): Iterable<CertificateReport> };
  readonly mergeSlashes: boolean;
  /** Of routes that set none of their own. */
  readonly limits: RouteLimits;
  conflicts(): readonly Conflict[];
  refusals(): readonly Diagnostic[];
  warnings(): readonly Diagnostic[];
  source(): SourceReport;
  /** The body of the last push, byte for byte; undefined where backends come from another source, too. */
  readonly pushedBody: string | undefined;
  backends(): readonly BackendInForce[];
  /** Replaces the pushed set. @throws KubeEntryError when the body cannot be used; nothing changes then */
  pushBackends(body: string): Promise<void>;
  /** The settings in force, as a config file would have them. */
  general(): Readonly<Record<string, unknown>>;
  /** Changes live settings. @returns when the workers use them @throws KubeEntryError when one of them cannot be used; nothing changes then */
  pushGeneral(settings: unknown): Promise<void>;
  /** Prometheus text and its content type. */
  metrics(): Promise<Scrape>;
}

/** What runs, and since when. */
export interface ProgramIdentity {
  readonly version: string;
  readonly engine: string;
  /** Of the machine or pod. */
  readonly hostname: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** What the dashboard and the probes show besides. */
export interface ObservedControlPlane extends ControlPlane {
  readonly program: ProgramIdentity;
  programState(): ProgramState;
  workers(): readonly WorkerReport[];
  /** Why requests have failed since the start: reasons that came up, each with its last example. */
  failures(): readonly FailureReport[];
  /** Of the route table, the newest first. */
  recentChanges(): readonly TableChange[];
}
