/** Objects of the Kubernetes API that are read only for those that ask for them: EndpointSlices, Secrets. */
import { type Clock, systemClock } from '../../clock.ts';
import type { ServiceRef } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { Demand } from '../../resources/demand.ts';
import type { KubeClient } from './client.ts';
import { DemandWatch, type Followed } from './demand-watch.ts';
import type { KubeObject } from './list.ts';
import { addStatistics, type ReflectorStatistics } from './reflector.ts';

/** So long the first table waits for what is asked for. */
const FIRST_LIST_MS = 5_000;

/** What every source of this kind is given. */
export interface DemandSourceOptions {
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly logger: Logger;
  /**
   * The store holds a change worth committing.
   * @param receivedAt when it came, in `performance.now()` of this thread
   */
  readonly onChange: (receivedAt: number) => void;
  readonly clock?: Clock;
  /** From 0 up to 1; spreads what replicas would else do at the same moment. */
  readonly random?: () => number;
}

/** Which watches there are. */
export interface WatchPlan<T extends KubeObject> {
  readonly demand: Demand;
  /** Owners with the same one share a watch. */
  scopeOf(owner: ServiceRef): string;
  /** What the watch of this owner's scope follows. */
  followed(owner: ServiceRef): Followed<T>;
  /** Most watches at a time. An owner beyond them waits until another one no longer asks, and is told so. */
  readonly most?: { readonly watches: number; readonly told: (owner: ServiceRef) => void };
  /** The first owner since the start asks. */
  readonly onFirstDemand?: () => void;
}

/** What is wrong with a source, and since when. What may not be read is a problem, but nothing that is about to come. */
export interface DemandReport {
  readonly synced: boolean;
  readonly lostAt: number | undefined;
  readonly problems: readonly string[];
}

export class DemandSource<T extends KubeObject> {
  readonly #options: DemandSourceOptions;
  readonly #plan: WatchPlan<T>;
  /** By scope: those that something is asked of. */
  readonly #watches = new Map<string, DemandWatch<T>>();
  readonly #ending = new Set<Promise<void>>();
  /** Of the watches that have ended. */
  #past: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
  #isDemanded = false;
  #mayWait = true;
  #cancelWait: (() => void) | undefined;

  constructor(options: DemandSourceOptions, plan: WatchPlan<T>) {
    this.#options = options;
    this.#plan = plan;
  }

  /** From then on what is asked for is read, and followed. */
  start(): void {
    const { clock = systemClock } = this.#options;
    const { demand } = this.#plan;
    demand.onChange = (owner, isWanted) => {
      if (isWanted) this.#firstDemand();
      if (this.#mayWait) this.#cancelWait ??= clock.setTimer(FIRST_LIST_MS, () => this.#waitedEnough());
      if (isWanted) this.#want(owner);
      else this.#unwant(owner);
    };
    for (const owner of demand.values()) demand.onChange(owner, true);
  }

  /** Resolves when the store will not be touched again. */
  async stop(): Promise<void> {
    this.#plan.demand.onChange = undefined;
    this.#cancelWait?.();
    await Promise.all([...this.#watches.values()].map(watch => watch.stop()));
    await Promise.all(this.#ending);
  }

  /**
   * Whether the first table should wait: what is asked for is about to be read. Once it need not wait, no later one does: who
   * begins to ask then is served without for a moment.
   */
  get isAwaited(): boolean {
    if (!this.#mayWait) return false;
    this.#mayWait = this.#watches.values().some(({ isSettled }) => !isSettled);
    return this.#mayWait;
  }

  statistics(): ReflectorStatistics {
    return this.#watches.values().reduce((sum, { statistics }) => addStatistics(sum, statistics), this.#past);
  }

  report(): DemandReport {
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

  #want(owner: ServiceRef): void {
    const { scopeOf, followed, most } = this.#plan;
    const scope = scopeOf(owner);
    let watch = this.#watches.get(scope);
    if (watch === undefined) {
      if (most !== undefined && this.#watches.size >= most.watches) {
        most.told(owner);
        return;
      }
      const { clock = systemClock, random = Math.random } = this.#options;
      watch = new DemandWatch({ ...this.#options, clock, random, followed: followed(owner) });
      this.#watches.set(scope, watch);
    }
    watch.want(owner, true);
  }

  #unwant(owner: ServiceRef): void {
    const scope = this.#plan.scopeOf(owner);
    const watch = this.#watches.get(scope);
    watch?.want(owner, false);
    // Another may ask in the same turn.
    queueMicrotask(() => {
      if (watch?.isIdle !== true || this.#watches.get(scope) !== watch) return;
      this.#watches.delete(scope);
      const ending = watch.stop().finally(() => {
        this.#past = addStatistics(this.#past, watch.statistics);
        this.#ending.delete(ending);
      });
      this.#ending.add(ending);
      this.#admitWaiting();
    });
  }

  #admitWaiting(): void {
    const { demand, scopeOf, most } = this.#plan;
    if (most === undefined) return;
    for (const owner of demand.values()) {
      if (this.#watches.size >= most.watches) return;
      if (!this.#watches.has(scopeOf(owner))) this.#want(owner);
    }
  }

  #firstDemand(): void {
    if (this.#isDemanded) return;
    this.#isDemanded = true;
    this.#plan.onFirstDemand?.();
  }

  #waitedEnough(): void {
    if (!this.isAwaited) return;
    this.#mayWait = false;
    const { onChange, clock = systemClock } = this.#options;
    onChange(clock.monotonic());
  }
}
