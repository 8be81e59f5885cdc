/** The control plane of a running instance: what is in force, asked and changed over the admin servers. */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { SettingsError } from '../errors.ts';
import type { Certificate } from '../model/certificate.ts';
import type { ServedCluster } from '../model/delta.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { GatewayPort } from '../model/gateway-port.ts';
import type { ClusterId, RouteLimits } from '../model/route.ts';
import type { FailureLog, FailureReport } from '../observe/failure-log.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics, ProgramState } from '../observe/registry.ts';
import type { Conflict } from '../routing/ledger.ts';
import type { RouteTable } from '../routing/table.ts';
import { limitsOf } from '../settings/limits.ts';
import { parseLiveSettings, writeSettings } from '../settings/load.ts';
import { SCHEMA, SETTING_KEYS, type Settings } from '../settings/schema.ts';
import { PushReader } from '../sources/pushed.ts';
import { programVersion } from '../version.ts';
import type { Fleet } from '../workers/fleet.ts';
import type { Announcer } from './announcer.ts';
import type { BackendInForce } from './catalog/backends-in-force.ts';
import type { Catalog } from './catalog.ts';
import { CertificateReports } from './certificates/certificate-report.ts';
import { ClusterReports, type HealthReports } from './cluster-reports.ts';
import type { ControlErrors } from './control-errors.ts';
import type { ObservedControlPlane, SourceReport } from './control-plane.ts';
import type { DescriptorWatch } from './descriptor-watch.ts';
import type { EndpointHealth } from './health/endpoint-health.ts';
import { isNamed, type ObservedCluster } from './observed-cluster.ts';
import { Publisher } from './publisher.ts';
import { RouteReports } from './route-reports.ts';

/** What is watched, besides what is pushed. */
export interface RouteSource {
  report(): SourceReport;
  /** For the metrics of the watch on the Kubernetes API; undefined for other sources. */
  watchState(): ProgramState['kubeWatch'];
  /** The catalog was committed. @returns called when all workers that answer serve what it has now */
  committed?(): (() => void) | undefined;
}

export interface RouteControlOptions {
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly fleet: Pick<
    Fleet,
    'table' | 'cluster' | 'clusters' | 'affinityKeys' | 'alive' | 'restarts' | 'report' | 'publish' | 'updateSettings'
  >;
  readonly announcer: Announcer;
  readonly errors: ControlErrors;
  readonly descriptors: Pick<DescriptorWatch, 'exhausted'>;
  readonly logger: Logger;
  readonly failures: Pick<FailureLog, 'report'>;
  readonly source: RouteSource;
  /** As the workers have it. */
  readonly defaultCertificate?: () => Certificate | undefined;
  readonly health: HealthReports & Pick<EndpointHealth, 'settingsChanged'>;
  /** Who hears how long a change took. */
  readonly metrics: () => Pick<Metrics, 'observePropagation' | 'scrape'>;
  readonly clock?: Clock;
}

/** By setting, as a config file would have it. */
export type SettingChanges = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

export class RouteControl implements ObservedControlPlane {
  readonly program: ObservedControlPlane['program'];
  readonly #options: RouteControlOptions;
  #settings: Settings;
  /** Set over the admin socket: stays in force when the config file is read again. */
  #pushedSettings: Partial<Settings> = {};
  #podsCount = 1;
  readonly #pushReader = new PushReader();
  /** The body of the last push, byte for byte. */
  #pushedBody = '[]';
  readonly #publisher: Publisher;
  readonly reports: ClusterReports;
  readonly routes: RouteReports;
  readonly certificates: CertificateReports;
  isDraining = false;

  constructor(options: RouteControlOptions) {
    this.#options = options;
    this.#publisher = new Publisher(options);
    options.catalog.onDue = since => void this.changed(since);
    this.#settings = options.settings;
    this.reports = new ClusterReports(options.fleet, options.health, () => options.fleet.affinityKeys);
    const { catalog } = options;
    this.routes = new RouteReports(catalog, () => this.#settings);
    this.certificates = new CertificateReports({
      secrets: catalog.secrets.tls,
      defaultCertificate: options.defaultCertificate ?? (() => undefined),
      hostsOf: asker => catalog.hostsOf(asker),
      now: Date.now,
    });
    const { engine } = options.settings;
    this.program = { version: programVersion(), engine, hostname: hostname(), startedAt: Date.now() };
  }

  /** The settings in force. */
  get settings(): Settings {
    return this.#settings;
  }

  get isInitialised(): boolean {
    return this.#publisher.isInitialised;
  }

  get table(): RouteTable {
    return this.#options.fleet.table;
  }

  gatewayPorts(): Iterable<GatewayPort> {
    return this.#options.catalog.gateways.ports();
  }

  cluster(id: ClusterId): ServedCluster | undefined {
    return this.#options.fleet.cluster(id);
  }

  *observedClusters(wanted: string | undefined): Generator<ObservedCluster> {
    for (const served of this.#options.fleet.clusters()) {
      if (wanted === undefined || isNamed(served.cluster, wanted)) yield this.reports.observe(served);
    }
  }

  get mergeSlashes(): boolean {
    return this.#settings.mergeSlashes;
  }

  get limits(): RouteLimits {
    return limitsOf(this.#settings);
  }

  conflicts(): readonly Conflict[] {
    return this.#options.catalog.conflicts();
  }

  refusals(): readonly Diagnostic[] {
    return this.#options.catalog.refusals();
  }

  warnings(): readonly Diagnostic[] {
    return this.#options.catalog.warnings();
  }

  failures(): readonly FailureReport[] {
    return this.#options.failures.report();
  }

  source(): SourceReport {
    const { staleSince: _, ...report } = this.#options.source.report();
    const { staleSince } = this.#publisher;
    return staleSince === undefined ? report : { ...report, staleSince };
  }

  get pushedBody(): string | undefined {
    return this.#settings.source === 'push' ? this.#pushedBody : undefined;
  }

  backends(): readonly BackendInForce[] {
    return this.#options.catalog.backends();
  }

  async pushBackends(body: string): Promise<void> {
    this.#options.catalog.replacePushed(this.#pushReader.read(body));
    this.#pushedBody = body;
    await this.changed(performance.now());
  }

  general(): Readonly<Record<string, unknown>> {
    return { controllerPodsCount: this.#podsCount, ...writeSettings(this.#settings) };
  }

  async pushGeneral(value: unknown): Promise<void> {
    const { controllerPodsCount, ...settings } = Object(value) as Record<string, unknown>;
    const isCount = Number.isSafeInteger(controllerPodsCount) && Number(controllerPodsCount) >= 0;
    if (controllerPodsCount !== undefined && !isCount) {
      throw new SettingsError(['controllerPodsCount: must be a whole number']);
    }
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const changes = parseLiveSettings(isObject ? settings : value);
    if (isCount) this.#podsCount = Number(controllerPodsCount);
    this.#pushedSettings = { ...this.#pushedSettings, ...changes };
    await this.#apply({ ...this.#settings, ...changes });
  }

  /**
   * Takes over what may change in a running instance from settings that were read again.
   * @returns when the workers that answer use them: the settings that changed, with their values before and after
   */
  async reload(fresh: Settings): Promise<SettingChanges> {
    const before = this.#settings;
    const kept = Object.fromEntries(SETTING_KEYS.filter(key => !SCHEMA[key].live).map(key => [key, before[key]]));
    for (const [setting, { from, to }] of Object.entries(changesOf(before, fresh))) {
      if (!(setting in kept)) continue;
      this.#options.logger.warn({ setting, inForce: from, wanted: to }, 'this setting changes only with a restart');
    }
    await this.#apply({ ...fresh, ...kept, ...this.#pushedSettings });
    return changesOf(before, this.#settings);
  }

  metrics(): ReturnType<ObservedControlPlane['metrics']> {
    return this.#options.metrics().scrape();
  }

  workers(): ReturnType<ObservedControlPlane['workers']> {
    return this.#options.fleet.report();
  }

  recentChanges(): ReturnType<ObservedControlPlane['recentChanges']> {
    return this.#publisher.changeLog.changes;
  }

  programState(): ProgramState {
    const { catalog, descriptors, errors, fleet, source } = this.#options;
    const { isInitialised, lastChangeMs, staleSince } = this.#publisher;
    return {
      ready: isInitialised && !this.isDraining,
      draining: this.isDraining,
      workers: fleet.alive,
      workerConnections: this.#settings.workerConnections,
      routes: fleet.table.size,
      configVersion: fleet.table.version,
      configLastChangeMs: lastChangeMs,
      refusalReasons: catalog.refusals().map(({ reason }) => reason),
      conflicts: catalog.conflicts().length,
      configStaleSinceMs: staleSince === undefined ? undefined : Date.parse(staleSince),
      workerRestarts: fleet.restarts,
      workerLagsMs: fleet.report().map(({ silentMs }) => silentMs),
      controlErrors: errors.count,
      descriptorsExhausted: descriptors.exhausted,
      kubeWatch: source.watchState(),
    };
  }

  /** As {@link Publisher.changed}. */
  changed(receivedAt: number): Promise<void> {
    return this.#publisher.changed(receivedAt);
  }

  #apply(settings: Settings): Promise<void> {
    this.#settings = settings;
    this.#options.logger.level = settings.logLevel;
    this.#options.health.settingsChanged(settings);
    if (this.#options.catalog.gateways.settingsChanged(settings)) void this.changed(performance.now());
    return this.#options.fleet.updateSettings(settings).answering;
  }
}

function changesOf(before: Settings, after: Settings): SettingChanges {
  const from = writeSettings(before);
  const to = writeSettings(after);
  const changed = SETTING_KEYS.filter(key => !isDeepStrictEqual(from[key], to[key]));
  return Object.fromEntries(changed.map(key => [key, { from: from[key], to: to[key] }]));
}
