/** The Kubernetes API as a source of Services: one reflector for the cluster, or one a namespace. */

import { type Clock, systemClock } from '../../clock.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { ServiceStore } from '../../resources/service-store.ts';
import type { KubeClient } from './client.ts';
import { readWatchedService, type ServiceSelection, serviceCollections } from './collections.ts';
import { ForbiddenError, type KubeError } from './errors.ts';
import type { KubeObject } from './list.ts';
import { Reflector, type ReflectorTarget } from './reflector.ts';
import type { Change } from './watch.ts';

/**
 * An API server that has just started refuses for some seconds what it will grant. A namespace that is refused for longer
 * does not keep the others waiting.
 */
const PATIENCE_MS = 10_000;

export interface KubeSourceOptions {
  readonly settings: ServiceSelection;
  /** Not closed here: others may share it. */
  readonly client: KubeClient;
  readonly store: ServiceStore;
  /** The Services that were restored from a file: those of a namespace that may not be read go on being served. */
  readonly restored?: () => readonly ServiceObject[];
  readonly logger: Logger;
  /**
   * The store holds a change worth committing: a complete set, or all that one chunk of a watch brought.
   * @param receivedAt when it came, in `performance.now()` of this thread
   */
  readonly onChange: (receivedAt: number) => void;
  readonly clock?: Clock;
  /** From 0 up to 1; spreads what replicas would else do at the same moment. */
  readonly random?: () => number;
}

/** For the metrics `kube_watch_*`; sums over all watches. */
export interface WatchStatistics {
  /** Changes received. */
  readonly eventsTotal: number;
  /** Watches begun again after a failure; not those that only were renewed. */
  readonly restartsTotal: number;
  /** Seconds since 1970; 0 before the first. */
  readonly lastEventTimestampSeconds: number;
  readonly synced: boolean;
}

/** One collection. */
interface Scope {
  readonly reflector: Reflector;
  readonly namespace: string | undefined;
  /** By `namespace/name`; undefined until it was listed, or is left out. */
  services: Map<string, ServiceObject> | undefined;
  isListed: boolean;
  /** Set while it is refused, and not yet left out. */
  cancelPatience: (() => void) | undefined;
}

export class KubeSource {
  readonly #options: KubeSourceOptions;
  readonly #scopes: readonly Scope[];

  constructor(options: KubeSourceOptions) {
    this.#options = options;
    const { settings, client, logger, clock = systemClock, random = Math.random } = options;
    this.#scopes = serviceCollections(settings).map(collection => {
      const target: ReflectorTarget = {
        replaced: objects => this.#replaced(scope, objects),
        changed: change => this.#changed(scope, change),
        failed: failure => this.#failed(scope, failure),
        // A part of the namespaces is no table: it would answer 404 for Services that only have not been read yet.
        settled: receivedAt => {
          if (this.#isComplete) options.onChange(receivedAt);
        },
      };
      const reflector = new Reflector({ client, collection, target, logger, clock, random });
      const { namespace } = collection;
      const scope: Scope = { reflector, namespace, services: undefined, isListed: false, cancelPatience: undefined };
      return scope;
    });
  }

  /** Returns at once. From then on it tries, whatever happens, until it is stopped. */
  start(): void {
    for (const { reflector } of this.#scopes) reflector.start();
  }

  /** Resolves when the store will not be touched again. */
  async stop(): Promise<void> {
    for (const { cancelPatience } of this.#scopes) cancelPatience?.();
    await Promise.all(this.#scopes.map(({ reflector }) => reflector.stop()));
  }

  /** In the form of the admin server's `SourceReport`. */
  report(): {
    readonly kind: 'kube';
    readonly synced: boolean;
    readonly lostSince?: string;
    readonly problem?: string;
  } {
    const problems = new Set(
      this.#scopes.map(({ reflector }) => reflector.problem?.message).filter(message => message !== undefined),
    );
    const synced = this.#isSynced;
    const losses = this.#scopes.map(({ reflector }) => reflector.lostAt).filter(at => at !== undefined);
    return {
      kind: 'kube',
      synced,
      ...(losses.length === 0 ? {} : { lostSince: new Date(Math.min(...losses)).toISOString() }),
      ...(problems.size === 0 ? {} : { problem: [...problems].join('; ') }),
    };
  }

  statistics(): WatchStatistics {
    const all = this.#scopes.map(({ reflector }) => reflector.statistics);
    return {
      eventsTotal: all.reduce((sum, { eventsTotal }) => sum + eventsTotal, 0),
      restartsTotal: all.reduce((sum, { restartsTotal }) => sum + restartsTotal, 0),
      lastEventTimestampSeconds: Math.max(...all.map(({ lastEventAt }) => lastEventAt)) / 1000,
      synced: this.#isSynced,
    };
  }

  /** All of it was read, and every watch stands. */
  get #isSynced(): boolean {
    return this.#scopes.every(({ reflector, isListed }) => isListed && reflector.isConnected);
  }

  /** All of it was read but what may not be read; of nothing but that there is no table. */
  get #isComplete(): boolean {
    return (
      this.#scopes.every(({ services }) => services !== undefined) && this.#scopes.some(({ isListed }) => isListed)
    );
  }

  #failed(scope: Scope, failure: KubeError): void {
    if (scope.isListed || scope.services !== undefined || this.#scopes.length === 1) return;
    if (!(failure instanceof ForbiddenError)) return;
    const { clock = systemClock } = this.#options;
    scope.cancelPatience ??= clock.setTimer(PATIENCE_MS, () => {
      scope.cancelPatience = undefined;
      if (!scope.isListed && scope.reflector.problem instanceof ForbiddenError) this.#leaveOut(scope);
    });
  }

  #leaveOut(scope: Scope): void {
    const { restored = () => [], logger, onChange, clock = systemClock } = this.#options;
    const kept = restored().filter(({ metadata }) => metadata.namespace === scope.namespace);
    scope.services = new Map(kept.map(service => [serviceKey(service.metadata), service]));
    const consequence =
      kept.length === 0 ? 'is left out' : `is served as the state file has it (${kept.length} Services)`;
    logger.warn(`namespace "${scope.namespace}" may not be read: it ${consequence} until that is granted`);
    if (!this.#isComplete) return;
    this.#replaceAll();
    onChange(clock.monotonic());
  }

  #replaced(scope: Scope, objects: readonly KubeObject[]): void {
    scope.isListed = true;
    scope.services = new Map(
      objects
        .map(object => readWatchedService(object, this.#options.logger))
        .filter(service => service !== undefined)
        .map(service => [serviceKey(service.metadata), service]),
    );
    if (this.#isComplete) this.#replaceAll();
  }

  #replaceAll(): void {
    this.#options.store.replace(this.#scopes.flatMap(({ services }) => [...(services?.values() ?? [])]));
  }

  #changed(scope: Scope, { type, object }: Change): void {
    const { store, logger } = this.#options;
    const { namespace, name } = object.metadata;
    const ref: ServiceRef = { namespace, name };
    const service = type === 'upsert' ? readWatchedService(object, logger) : undefined;
    if (service === undefined) {
      scope.services?.delete(serviceKey(ref));
      if (this.#isComplete) store.remove(ref);
    } else {
      scope.services?.set(serviceKey(ref), service);
      if (this.#isComplete) store.upsert(service);
    }
  }
}
