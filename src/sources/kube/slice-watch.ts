import type { Clock } from '../../clock.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { EndpointSlice } from '../../resources/endpoint-slice.ts';
import type { EndpointSliceStore } from '../../resources/endpoint-slice-store.ts';
import { SharedStrings } from '../../resources/shared-strings.ts';
import { AskingService, type SliceChange } from './asking-service.ts';
import type { KubeClient } from './client.ts';
import { readWatchedSlice, serviceNameOf, sliceCollection } from './collections.ts';
import { ForbiddenError, isRefusal, type KubeError } from './errors.ts';
import { type KubeObject, listAll } from './list.ts';
import { addStatistics, Reflector, type ReflectorStatistics } from './reflector.ts';
import type { Change } from './watch.ts';

/** An API server that has just started refuses for some seconds what it will grant. */
const PATIENCE_MS = 10_000;
/** Services that begin to ask while the watch stands are listed one by one, unless they are more than this. */
const MOST_SINGLE_LISTS = 64;
const LISTS_AT_ONCE = 4;
/** After a list of one Service's slices failed. */
const RETRY_MS = 1_000;

export interface SliceWatchOptions {
  readonly client: KubeClient;
  readonly store: EndpointSliceStore;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** The store holds a change worth committing. @param receivedAt of the clock's monotonic time */
  readonly onChange: (receivedAt: number) => void;
}

/**
 * The EndpointSlices of the Services that ask for them, of one namespace or of all: one watch, which begins when the first
 * Service asks and ends with the last. A Service that begins to ask later is listed, and follows the watch from then on.
 */
export class SliceWatch {
  readonly #options: SliceWatchOptions;
  readonly #shared = new SharedStrings();
  readonly #stopping = new AbortController();
  readonly #services = new Map<string, AskingService>();
  /** By namespace and name of each slice that was taken: one that changes its Service leaves the one before. */
  readonly #owners = new Map<string, AskingService>();
  /** Those whose slices are being listed for them alone. */
  readonly #listed = new Set<AskingService>();
  /** Those whose slices have changed since they were handed to the store. */
  readonly #changed = new Set<AskingService>();
  #reflector: Reflector<EndpointSlice> | undefined;
  /** Of the watches that have ended. */
  #past: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
  #isListing = false;
  #hasListed = false;
  #willSettle = false;
  /** Why the slices may not be read, or are not served; undefined while that is not known. */
  #refusal: string | undefined;
  #cancelPatience: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(options: SliceWatchOptions) {
    this.#options = options;
  }

  want(service: ServiceRef, isWanted: boolean): void {
    const key = serviceKey(service);
    if (isWanted) this.#services.set(key, new AskingService(service));
    else this.#forget(key);
    this.#settleSoon();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelRetry?.();
    await this.#end();
  }

  /** Undefined while nothing is watched. */
  get reflector(): Reflector<EndpointSlice> | undefined {
    return this.#reflector;
  }

  get statistics(): ReflectorStatistics {
    return addStatistics(this.#past, this.#reflector?.statistics);
  }

  /** Whether the slices may not be read, or are not served by this API server. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Whether nothing better is about to come: what is asked for is known, or could not be read. */
  get isSettled(): boolean {
    return this.#reflector?.problem !== undefined || this.#services.values().every(({ isKnown }) => isKnown);
  }

  /** Many Services may begin to ask in one turn. */
  #settleSoon(): void {
    if (this.#willSettle) return;
    this.#willSettle = true;
    queueMicrotask(() => {
      this.#willSettle = false;
      if (!this.#stopping.signal.aborted) this.#settle();
    });
  }

  /** Reads what is asked for and not known yet. */
  #settle(): void {
    if (this.#services.size === 0) {
      void this.#end();
      return;
    }
    if (this.#reflector === undefined) {
      this.#begin();
      return;
    }
    const missing = [...this.#services.values().filter(({ isKnown, isListed }) => !isKnown && !isListed)];
    if (this.#refusal !== undefined) this.#tellRefusal(missing, this.#refusal);
    else if (this.#hasListed && !this.#isListing) this.#listMissing(missing);
  }

  #listMissing(missing: readonly AskingService[]): void {
    if (missing.length > MOST_SINGLE_LISTS) {
      // What is known stays in force until the new list has been read.
      void this.#leave();
      this.#begin();
      return;
    }
    for (const asking of missing.slice(0, Math.max(0, LISTS_AT_ONCE - this.#listed.size))) void this.#listOne(asking);
  }

  #begin(): void {
    const { client, namespace, logger, clock, random, onChange } = this.#options;
    this.#hasListed = false;
    this.#reflector = new Reflector<EndpointSlice>({
      client,
      collection: sliceCollection(namespace, object => this.#keep(object)),
      logger,
      clock,
      random,
      target: {
        listing: () => this.#listing(),
        replaced: slices => this.#replaced(slices),
        changed: change => this.#take(change),
        failed: failure => this.#failed(failure),
        recovered: () => this.#accepted(),
        settled: receivedAt => {
          if (this.#handOver()) onChange(receivedAt);
        },
      },
    });
    this.#reflector.start();
  }

  async #end(): Promise<void> {
    this.#refusal = undefined;
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const reflector = this.#reflector;
    this.#past = this.statistics;
    this.#reflector = undefined;
    await reflector?.stop();
  }

  #forget(key: string): void {
    for (const { metadata } of this.#services.get(key)?.slices ?? []) this.#owners.delete(serviceKey(metadata));
    this.#services.delete(key);
  }

  /** Slices of Services that do not ask are not even read. */
  #keep(object: KubeObject): EndpointSlice | undefined {
    return this.#askingFor(object) && readWatchedSlice(object, this.#options.logger, this.#shared);
  }

  #askingFor(object: KubeObject): AskingService | undefined {
    return this.#services.get(serviceKey({ namespace: object.metadata.namespace, name: serviceNameOf(object) }));
  }

  #listing(): void {
    this.#isListing = true;
    for (const asking of this.#services.values()) asking.isInList = true;
  }

  #replaced(slices: readonly EndpointSlice[]): void {
    this.#isListing = false;
    this.#hasListed = true;
    const byService = Map.groupBy(slices, ({ metadata, service }) => `${metadata.namespace}/${service}`);
    for (const [key, asking] of this.#services) {
      if (!asking.isInList) continue;
      const own = byService.get(key) ?? [];
      for (const { metadata } of asking.slices ?? []) this.#owners.delete(serviceKey(metadata));
      for (const { metadata } of own) this.#owners.set(serviceKey(metadata), asking);
      if (asking.replace(own)) this.#changed.add(asking);
    }
    this.#accepted();
    // Those that began to ask while the list was read.
    this.#settleSoon();
  }

  #take({ type, object }: Change): void {
    const { metadata } = object;
    const key = serviceKey(metadata);
    const { name, resourceVersion: version } = metadata;
    const before = this.#owners.get(key);
    const slice = type === 'upsert' ? this.#keep(object) : undefined;
    const asking = slice && this.#askingFor(object);
    if (asking === undefined) this.#owners.delete(key);
    else {
      this.#owners.set(key, asking);
      this.#change(asking, { name, version, slice });
    }
    // A list on its way may show it as it was before: it is not known yet whose it was.
    const others = [...this.#listed].filter(({ service }) => service.namespace === metadata.namespace);
    for (const other of new Set(before === undefined ? others : [before, ...others])) {
      if (other !== asking) this.#change(other, { name, version, slice: undefined });
    }
  }

  #change(asking: AskingService, change: SliceChange): void {
    if (asking.change(change)) this.#changed.add(asking);
  }

  /** @returns whether the store has changed */
  #handOver(): boolean {
    if (this.#refusal !== undefined || this.#changed.size === 0) return false;
    for (const asking of this.#changed) {
      const { service, slices } = asking;
      if (slices !== undefined && this.#services.get(serviceKey(service)) === asking) {
        this.#options.store.setSlices(service, slices);
      }
    }
    this.#changed.clear();
    return true;
  }

  async #listOne(asking: AskingService): Promise<void> {
    const { client, clock, logger, onChange } = this.#options;
    const { namespace, name } = asking.service;
    const { signal } = this.#stopping;
    const take = asking.list();
    this.#listed.add(asking);
    try {
      const list = await listAll(
        client,
        sliceCollection(namespace, object => this.#keep(object), name),
        signal,
      );
      signal.throwIfAborted();
      if (!take(list)) return;
      for (const { metadata } of asking.slices ?? []) this.#owners.set(serviceKey(metadata), asking);
      this.#changed.add(asking);
      if (this.#handOver()) onChange(clock.monotonic());
    } catch (error) {
      take(undefined);
      if (signal.aborted) return;
      logger.debug({ err: error }, `cannot list the EndpointSlices of ${serviceKey(asking.service)}: trying again`);
      this.#cancelRetry ??= clock.setTimer(RETRY_MS, () => {
        this.#cancelRetry = undefined;
        this.#settleSoon();
      });
    } finally {
      this.#listed.delete(asking);
      if (this.#cancelRetry === undefined) this.#settleSoon();
    }
  }

  #failed(failure: KubeError): void {
    const { clock, logger, onChange } = this.#options;
    this.#isListing = false;
    if (isRefusal(failure) && this.#refusal === undefined) {
      if (!this.#hasListed && !this.#services.values().some(({ isKnown }) => isKnown)) this.#refuse(failure);
      else {
        this.#cancelPatience ??= clock.setTimer(PATIENCE_MS, () => {
          this.#cancelPatience = undefined;
          const problem = this.#reflector?.problem;
          if (problem === undefined || !isRefusal(problem)) return;
          logger.warn({ code: problem.code }, `EndpointSlices may not be read any more: ${SERVED_BY_CLUSTER_IP}`);
          this.#refuse(problem);
          onChange(clock.monotonic());
        });
      }
    }
    // The first table may be waiting for a list that does not come now.
    onChange(clock.monotonic());
  }

  #refuse(failure: KubeError): void {
    const advice = failure instanceof ForbiddenError ? '' : '; Kubernetes serves EndpointSlices from version 1.21 on';
    this.#refusal = failure.message + advice;
    this.#tellRefusal([...this.#services.values()], this.#refusal);
  }

  #tellRefusal(asking: readonly AskingService[], why: string): void {
    for (const { service } of asking) this.#options.store.slicesUnreadable(service, why);
  }

  /** The slices may be read: those that are known are in force again. */
  #accepted(): void {
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    if (this.#refusal === undefined) return;
    this.#refusal = undefined;
    for (const asking of this.#services.values()) if (asking.isKnown) this.#changed.add(asking);
    if (this.#handOver()) this.#options.onChange(this.#options.clock.monotonic());
    this.#settleSoon();
  }
}

const SERVED_BY_CLUSTER_IP =
  'the Services that ask for their endpoints are served by their ClusterIPs until that is granted';
