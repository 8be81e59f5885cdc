/** The Kubernetes API as a source of EndpointSlices: one watch for the cluster, or one a namespace. */
import { type Clock, systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import type { EndpointSliceStore } from '../../resources/endpoint-slice-store.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from './client.ts';
import { scopesOf } from './collections.ts';
import { addStatistics, type ReflectorStatistics } from './reflector.ts';
import { SliceWatch } from './slice-watch.ts';

/**
 * So long the first table waits for the slices of the Services that ask for them. A Service without a ClusterIP cannot be
 * served before; the others can.
 */
const FIRST_LIST_MS = 5_000;

export interface EndpointSliceSourceOptions {
  readonly settings: Pick<Settings, 'namespace'>;
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly store: EndpointSliceStore;
  readonly logger: Logger;
  /**
   * The store holds a change worth committing.
   * @param receivedAt when it came, in `performance.now()` of this thread
   */
  readonly onChange: (receivedAt: number) => void;
  /** A Service asks for its endpoints: the first one since the start. */
  readonly onFirstDemand?: () => void;
  readonly clock?: Clock;
  /** From 0 up to 1; spreads what replicas would else do at the same moment. */
  readonly random?: () => number;
}

export class EndpointSliceSource {
  readonly #options: EndpointSliceSourceOptions;
  /** By namespace; one without a name where all namespaces are read at once. */
  readonly #watches: ReadonlyMap<string | undefined, SliceWatch>;
  #isDemanded = false;
  #mayWait = true;
  #cancelWait: (() => void) | undefined;

  constructor(options: EndpointSliceSourceOptions) {
    this.#options = options;
    const { settings, clock = systemClock, random = Math.random } = options;
    this.#watches = new Map(
      scopesOf(settings).map(namespace => [namespace, new SliceWatch({ ...options, namespace, clock, random })]),
    );
  }

  /** From then on the slices of each Service that asks are read, and followed. */
  start(): void {
    const { store, clock = systemClock } = this.#options;
    const { demand } = store;
    demand.onChange = (service, isWanted) => {
      if (isWanted) this.#firstDemand();
      if (this.#mayWait) this.#cancelWait ??= clock.setTimer(FIRST_LIST_MS, () => this.#waitedEnough());
      const watch = this.#watches.get(undefined) ?? this.#watches.get(service.namespace);
      watch?.want(service, isWanted);
    };
    for (const service of demand.values()) demand.onChange(service, true);
  }

  /** Resolves when the store will not be touched again. */
  async stop(): Promise<void> {
    this.#options.store.demand.onChange = undefined;
    this.#cancelWait?.();
    await Promise.all(this.#watches.values().map(watch => watch.stop()));
  }

  /**
   * Whether the first table should wait: Services ask for endpoints that are about to be read. Once it need not wait, no later
   * one does: a Service that begins to ask then is served by its ClusterIP for a moment.
   */
  get isAwaited(): boolean {
    if (!this.#mayWait) return false;
    this.#mayWait = this.#watches.values().some(({ isSettled }) => !isSettled);
    return this.#mayWait;
  }

  statistics(): ReflectorStatistics {
    const none: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
    return this.#watches.values().reduce((sum, { statistics }) => addStatistics(sum, statistics), none);
  }

  /** As {@link KubeSource.report}. What may not be read is a problem, but nothing that is about to come. */
  report(): { readonly synced: boolean; readonly lostAt: number | undefined; readonly problems: readonly string[] } {
    const reflectors = [...this.#watches.values()].flatMap(({ reflector, isRefused }) =>
      reflector === undefined ? [] : [{ reflector, isRefused }],
    );
    const losses = reflectors.flatMap(({ reflector, isRefused }) => (isRefused ? [] : (reflector.lostAt ?? [])));
    return {
      synced: reflectors.every(({ reflector, isRefused }) => reflector.isConnected || isRefused),
      lostAt: losses.length === 0 ? undefined : Math.min(...losses),
      problems: reflectors.flatMap(({ reflector }) => reflector.problem?.message ?? []),
    };
  }

  #firstDemand(): void {
    if (this.#isDemanded) return;
    this.#isDemanded = true;
    this.#options.onFirstDemand?.();
  }

  #waitedEnough(): void {
    if (!this.isAwaited) return;
    this.#mayWait = false;
    const { onChange, clock = systemClock } = this.#options;
    onChange(clock.monotonic());
  }
}
