import type { CertificateReport } from '../../src/control/certificates/certificate-report.ts';
import type { TableChange } from '../../src/control/change-log.ts';
import type { ObservedControlPlane, SourceReport } from '../../src/control/control-plane.ts';
import type { EndpointReport } from '../../src/control/endpoint-report.ts';
import { isNamed, type ObservedCluster } from '../../src/control/observed-cluster.ts';
import type { PlainRedirect } from '../../src/control/route-reports.ts';
import type { ServedCluster } from '../../src/model/delta.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { GatewayPort } from '../../src/model/gateway-port.ts';
import type { ClusterId } from '../../src/model/route.ts';
import type { FailureReport } from '../../src/observe/failure-log.ts';
import type { ProgramState } from '../../src/observe/registry.ts';
import type { Conflict } from '../../src/routing/ledger.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { limitsOf } from '../../src/settings/limits.ts';
import { DEFAULTS } from '../../src/settings/schema.ts';
import type { WorkerReport } from '../../src/workers/supervisor.ts';
import { served } from './routes.ts';

const UNTOLD = {
  connectTimeoutMs: 'setting',
  readTimeoutMs: 'setting',
  sendTimeoutMs: 'setting',
  maxBodySize: 'setting',
} as const;

/** A control plane that says what it is told to say and remembers what is pushed. */
export class FakeControlPlane implements ObservedControlPlane {
  program = { version: '1.2.3', engine: 'wire', hostname: 'node-1', startedAt: 1_700_000_000_000 };
  isInitialised = false;
  isDraining = false;
  table = RouteTable.EMPTY;
  portList: readonly GatewayPort[] = [];
  /** By id; of others, a route of the table leads to one as {@link served} makes it. */
  readonly clusters = new Map<ClusterId, ServedCluster>();
  observed: readonly ObservedCluster[] = [];
  readonly ailing = new Map<ClusterId, readonly EndpointReport[]>();
  certificateList: readonly CertificateReport[] = [];
  readonly certificates = { all: () => this.certificateList };
  routes = {
    limitOrigins: () => UNTOLD,
    plainRedirect: (): PlainRedirect | undefined => undefined,
  };
  mergeSlashes = true;
  limits = limitsOf(DEFAULTS);
  conflictList: readonly Conflict[] = [];
  refusalList: readonly Diagnostic[] = [];
  warningList: readonly Diagnostic[] = [];
  sourceReport: SourceReport = { kind: 'push', synced: true };
  settings: Readonly<Record<string, unknown>> = {};
  metricsBody = 'up 1\n';
  /** Bodies that were taken. */
  readonly pushedBackends: string[] = [];
  readonly pushedGeneral: unknown[] = [];
  workerList: readonly WorkerReport[] = [];
  changeList: readonly TableChange[] = [];
  failureList: readonly FailureReport[] = [];
  kubeWatch: ProgramState['kubeWatch'];
  /** Thrown by the next pushes, which then change nothing. */
  refusal: Error | undefined;

  gatewayPorts(): readonly GatewayPort[] {
    return this.portList;
  }

  cluster(id: ClusterId): ServedCluster | undefined {
    return this.clusters.get(id) ?? clustersOf(this.table).get(id);
  }

  observedClusters(wanted?: string): readonly ObservedCluster[] {
    return this.observed.filter(({ cluster }) => wanted === undefined || isNamed(cluster, wanted));
  }

  /** `choose` is for a test to replace. */
  readonly reports = {
    outOfUse: (id: ClusterId): readonly EndpointReport[] => this.ailing.get(id) ?? [],
    choose: (() => undefined) as ObservedControlPlane['reports']['choose'],
  };

  conflicts(): readonly Conflict[] {
    return this.conflictList;
  }

  refusals(): readonly Diagnostic[] {
    return this.refusalList;
  }

  warnings(): readonly Diagnostic[] {
    return this.warningList;
  }

  source(): SourceReport {
    return this.sourceReport;
  }

  programState(): ProgramState {
    return {
      ready: this.isInitialised && !this.isDraining,
      draining: this.isDraining,
      workers: this.workerList.length,
      workerConnections: DEFAULTS.workerConnections,
      configStaleSinceMs: undefined,
      routes: this.table.size,
      configVersion: this.table.version,
      configLastChangeMs: undefined,
      refusalReasons: this.refusalList.map(({ reason }) => reason),
      conflicts: this.conflictList.length,
      workerRestarts: 0,
      workerLagsMs: [],
      controlErrors: 0,
      descriptorsExhausted: 0,
      kubeWatch: this.kubeWatch,
    };
  }

  workers(): readonly WorkerReport[] {
    return this.workerList;
  }

  failures(): readonly FailureReport[] {
    return this.failureList;
  }

  recentChanges(): readonly TableChange[] {
    return this.changeList;
  }

  get pushedBody(): string {
    return this.pushedBackends.at(-1) ?? '[]';
  }

  backends(): readonly [] {
    return [];
  }

  async pushBackends(body: string): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.pushedBackends.push(body);
  }

  general(): Readonly<Record<string, unknown>> {
    return this.settings;
  }

  async pushGeneral(settings: unknown): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.pushedGeneral.push(settings);
  }

  async metrics(): Promise<{ readonly contentType: string; readonly body: Uint8Array }> {
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: Buffer.from(this.metricsBody) };
  }
}

const clustersOfTables = new WeakMap<RouteTable, ReadonlyMap<ClusterId, ServedCluster>>();

/** Worked out once for each table: tests of what a question costs ask for thousands. */
function clustersOf(table: RouteTable): ReadonlyMap<ClusterId, ServedCluster> {
  let clusters = clustersOfTables.get(table);
  if (clusters === undefined) {
    clusters = new Map([...table.routes()].map(route => [route.cluster, served(route)]));
    clustersOfTables.set(table, clusters);
  }
  return clusters;
}
