/** Objects of the Gateway API, and Namespaces, from the Kubernetes API: each kind is followed as soon and as long as it is there. */
import { type Clock, systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import type { GatewayKind, GatewayKinds } from '../../resources/gateway/gateway-object.ts';
import type { GatewayStore } from '../../resources/gateway/gateway-store.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from './client.ts';
import type { DemandReport } from './demand-source.ts';
import { DISCOVERED_KINDS, type Discovered, GatewayDiscovery } from './gateway-discovery.ts';
import { GatewayKindSource } from './gateway-kind-source.ts';
import { addStatistics, type ReflectorStatistics } from './reflector.ts';

/** The Services do not wait longer for an API server that does not say which kinds it has. */
const PATIENCE_MS = 30_000;

export interface GatewaySourceOptions {
  readonly settings: Pick<Settings, 'namespace'>;
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly store: GatewayStore;
  /** The objects of a kind that were restored from a file. */
  readonly restored?: <K extends GatewayKind>(kind: K) => readonly GatewayKinds[K][];
  readonly logger: Logger;
  /** The store holds a change worth committing. @param receivedAt when it came, of the clock's monotonic time */
  readonly onChange: (receivedAt: number) => void;
  readonly clock?: Clock;
  /** From 0 up to 1; spreads what replicas would else do at the same moment. */
  readonly random?: () => number;
}

export class GatewaySource {
  readonly #options: GatewaySourceOptions;
  readonly #clock: Clock;
  readonly #discovery: GatewayDiscovery;
  /** Of the kinds that there are. */
  readonly #sources = new Map<GatewayKind, GatewayKindSource<GatewayKind>>();
  readonly #ending = new Set<Promise<void>>();
  #versions: Discovered['versions'] = new Map();
  /** Of the sources that have ended. */
  #past: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
  #hasGivenUp = false;
  #isComplete = false;
  #cancelPatience: (() => void) | undefined;

  constructor(options: GatewaySourceOptions) {
    const { client, logger, clock = systemClock, random = Math.random } = options;
    this.#options = options;
    this.#clock = clock;
    this.#discovery = new GatewayDiscovery({
      ...{ client, logger, clock, random },
      onChange: found => this.#discovered(found),
    });
  }

  /** Returns at once. From then on it tries, whatever happens, until it is stopped. */
  start(): void {
    this.#follow('Namespace', undefined);
    this.#cancelPatience = this.#clock.setTimer(PATIENCE_MS, () => this.#giveUpWaiting());
    this.#discovery.start();
  }

  /** Resolves when the store will not be touched again. */
  async stop(): Promise<void> {
    this.#cancelPatience?.();
    await this.#discovery.stop();
    await Promise.all([...this.#sources.values()].map(source => source.stop()));
    await Promise.all(this.#ending);
  }

  /** The version that a kind is read, and written, in; undefined while there is no such kind. */
  versionOf(kind: GatewayKind): string | undefined {
    return this.#versions.get(kind);
  }

  report(): DemandReport {
    const reports = [...this.#sources.values()].map(source => source.report());
    const losses = reports.flatMap(({ lostAt }) => lostAt ?? []);
    return {
      synced: (this.#discovery.isKnown || this.#hasGivenUp) && reports.every(({ synced }) => synced),
      lostAt: losses.length === 0 ? undefined : Math.min(...losses),
      problems: [this.#discovery.problem?.message ?? [], ...reports.map(({ problems }) => problems)].flat(),
    };
  }

  statistics(): ReflectorStatistics {
    return this.#sources.values().reduce((sum, { statistics }) => addStatistics(sum, statistics), this.#past);
  }

  #discovered({ versions, bundle }: Discovered): void {
    const { store } = this.#options;
    this.#cancelPatience?.();
    this.#versions = versions;
    store.setBundleVersion(bundle);
    for (const kind of DISCOVERED_KINDS) {
      const version = versions.get(kind);
      const source = this.#sources.get(kind);
      if (source !== undefined && source.version === version) continue;
      this.#leave(kind);
      if (version === undefined) store.absent(kind, undefined);
      else this.#follow(kind, version);
    }
    this.#changed(this.#clock.monotonic());
  }

  #follow<K extends GatewayKind>(kind: K, version: string | undefined): void {
    const { settings, client, store, logger, restored = () => [], random = Math.random } = this.#options;
    const source = new GatewayKindSource<K>({
      ...{ kind, version, settings, client, store, logger, random, clock: this.#clock },
      restored: () => restored(kind),
      onChange: receivedAt => this.#changed(receivedAt),
      onMissing: () => this.#discovery.look(),
    });
    this.#sources.set(kind, source as unknown as GatewayKindSource<GatewayKind>);
    source.start();
  }

  #leave(kind: GatewayKind): void {
    const source = this.#sources.get(kind);
    if (source === undefined) return;
    this.#sources.delete(kind);
    const ending = source.stop().finally(() => {
      this.#past = addStatistics(this.#past, source.statistics);
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
  }

  /** Worth committing once something is known of all kinds. Those that come later keep nothing waiting. */
  #changed(receivedAt: number): void {
    const isDiscovered = this.#discovery.isKnown || this.#hasGivenUp;
    this.#isComplete ||= isDiscovered && this.#sources.values().every(source => source.isKnown);
    if (this.#isComplete) this.#options.onChange(receivedAt);
  }

  #giveUpWaiting(): void {
    const why = this.#discovery.problem?.message ?? 'the API server does not say which kinds it has';
    this.#hasGivenUp = true;
    for (const kind of DISCOVERED_KINDS) this.#options.store.absent(kind, why);
    this.#changed(this.#clock.monotonic());
  }
}
