/** The control plane of a running instance: what the sources say becomes a table that every worker serves. */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { ChangeLog } from '../admin/change-log.ts';
import type { Finding, ObservedControlPlane, SourceReport } from '../admin/control-plane.ts';
import { SettingsError } from '../errors.ts';
import type { FailureLog, FailureReport } from '../observe/failure-log.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics, ProgramState } from '../observe/registry.ts';
import type { TableDelta } from '../routing/delta.ts';
import type { Conflict } from '../routing/ledger.ts';
import type { RouteLimits } from '../routing/route.ts';
import type { RouteTable } from '../routing/table.ts';
import { parseLiveSettings, writeSettings } from '../settings/load.ts';
import { SCHEMA, SETTING_KEYS, type Settings } from '../settings/schema.ts';
import type { Catalog } from '../sources/catalog.ts';
import { parsePushedBackends } from '../sources/pushed.ts';
import type { Fleet } from '../workers/fleet.ts';
import type { Announcer } from './announcer.ts';
import { limitsOf } from './limits.ts';
import { programVersion } from './version.ts';

/** What is watched, besides what is pushed. */
export interface RouteSource {
  report(): SourceReport;
  /** For the metrics of the watch on the Kubernetes API; undefined for other sources. */
  watchState(): ProgramState['kubeWatch'];
}

export interface RouteControlOptions {
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly fleet: Pick<Fleet, 'table' | 'alive' | 'restarts' | 'report' | 'publish' | 'updateSettings'>;
  readonly announcer: Announcer;
  readonly logger: Logger;
  readonly failures: Pick<FailureLog, 'report'>;
  readonly source: RouteSource;
  /** Who hears how long a change took. */
  readonly metrics: () => Pick<Metrics, 'observePropagation' | 'scrape'>;
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
  /** The body of the last push, byte for byte. */
  #pushedBody = '[]';
  readonly #changeLog = new ChangeLog();
  #lastChangeMs: number | undefined;
  #changedAt: number | undefined;
  #publishing: Promise<void> | undefined;
  #isInitialised = false;
  /** Of the table that the workers serve: the source may be ahead of it. */
  #staleSince: string | undefined;
  isDraining = false;

  constructor(options: RouteControlOptions) {
    this.#options = options;
    this.#settings = options.settings;
    const { engine } = options.settings;
    this.program = { version: programVersion(), engine, hostname: hostname(), startedAt: Date.now() };
  }

  /** The settings in force. */
  get settings(): Settings {
    return this.#settings;
  }

  get isInitialised(): boolean {
    return this.#isInitialised;
  }

  get table(): RouteTable {
    return this.#options.fleet.table;
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

  refusals(): readonly Finding[] {
    return this.#options.catalog.refusals();
  }

  warnings(): readonly Finding[] {
    return this.#options.catalog.warnings();
  }

  failures(): readonly FailureReport[] {
    return this.#options.failures.report();
  }

  source(): SourceReport {
    const { staleSince: _, ...report } = this.#options.source.report();
    return this.#staleSince === undefined ? report : { ...report, staleSince: this.#staleSince };
  }

  /** What was pushed comes back as it was; with another source beside it, all backends in force are shown. */
  backends(): string {
    return this.#settings.source === 'push' ? this.#pushedBody : JSON.stringify(this.#options.catalog.backends());
  }

  async pushBackends(body: string): Promise<void> {
    this.#options.catalog.replacePushed(parsePushedBackends(body));
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
   * @returns when the workers go by them: those that are others than before, as they were and as they are
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
    return this.#changeLog.changes;
  }

  programState(): ProgramState {
    const { catalog, fleet, source } = this.#options;
    return {
      ready: this.#isInitialised && !this.isDraining,
      draining: this.isDraining,
      workers: fleet.alive,
      workerConnections: this.#settings.workerConnections,
      routes: fleet.table.size,
      configVersion: fleet.table.version,
      configLastChangeMs: this.#lastChangeMs,
      refusalReasons: catalog.refusals().map(({ reason }) => reason),
      conflicts: catalog.conflicts().length,
      configStaleSinceMs: this.#staleSince === undefined ? undefined : Date.parse(this.#staleSince),
      workerRestarts: fleet.restarts,
      kubeWatch: source.watchState(),
    };
  }

  /**
   * The catalog has changed. Changes that come while others are on their way to the workers go out together.
   * @param receivedAt when, by `performance.now()`
   * @returns when every worker serves them
   */
  changed(receivedAt: number): Promise<void> {
    this.#changedAt ??= receivedAt;
    this.#publishing ??= this.#publish();
    return this.#publishing;
  }

  async #publish(): Promise<void> {
    const { catalog, fleet, announcer, metrics, source } = this.#options;
    // All that changes in this turn goes out together.
    await Promise.resolve();
    try {
      for (let since = this.#changedAt; since !== undefined; since = this.#changedAt) {
        this.#changedAt = undefined;
        if (!catalog.isInitialised) return;
        const { staleSince } = source.report();
        const delta: TableDelta | undefined = catalog.commit();
        // What the state file says was told to its owners when it was true.
        announcer.announce(delta, staleSince !== undefined ? 'none' : this.#isInitialised ? 'all' : 'recent');
        if (delta !== undefined || !this.#isInitialised) {
          const before = fleet.table;
          // A cluster without any exposed Service has a table, too: an empty one.
          await fleet.publish(delta ?? { version: catalog.table.version, upserts: [], removals: [] });
          this.#lastChangeMs = Date.now();
          const tookMs = performance.now() - since;
          metrics().observePropagation(tookMs / 1000);
          if (delta !== undefined) this.#changeLog.record(delta, before, this.#lastChangeMs, tookMs);
        }
        this.#staleSince = staleSince;
        this.#isInitialised = true;
      }
    } finally {
      // At once after the last look at what has changed: no change falls between the two.
      this.#publishing = undefined;
    }
  }

  #apply(settings: Settings): Promise<void> {
    this.#settings = settings;
    this.#options.logger.level = settings.logLevel;
    return this.#options.fleet.updateSettings(settings);
  }
}

function changesOf(before: Settings, after: Settings): SettingChanges {
  const from = writeSettings(before);
  const to = writeSettings(after);
  const changed = SETTING_KEYS.filter(key => !isDeepStrictEqual(from[key], to[key]));
  return Object.fromEntries(changed.map(key => [key, { from: from[key], to: to[key] }]));
}
