import type { Clock } from '../../clock.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { KubeClient } from './client.ts';
import { ForbiddenError, isRefusal, type KubeError } from './errors.ts';
import { type Collection, type KubeObject, listAll } from './list.ts';
import { addStatistics, Reflector, type ReflectorStatistics } from './reflector.ts';
import { type ObjectChange, WantedObjects } from './wanted-objects.ts';
import type { Change } from './watch.ts';

/** An API server that has just started refuses for some seconds what it will grant. */
const PATIENCE_MS = 10_000;
/** Owners that begin to ask while the watch stands are listed one by one, unless they are more than this. */
const MOST_SINGLE_LISTS = 64;
const LISTS_AT_ONCE = 4;
/** After a list of one owner's objects failed. */
const RETRY_MS = 1_000;

/** What is followed for those that ask, and where it goes. */
export interface Followed<T extends KubeObject> {
  /** For people: `EndpointSlices`. */
  readonly plural: string;
  /** What people read in the log when the right to read them has gone. */
  readonly consequence: string;
  /** Follows the message of a server that does not serve them. */
  readonly unserved: string;
  /** All objects that may belong to an owner. @param owner only those that belong to this one */
  collection(owner?: ServiceRef): Omit<Collection<T>, 'keep'>;
  /** The key of the owner, told without reading the rest of the object. */
  ownerOf(object: KubeObject): string;
  /** The key of the owner of what was read. */
  ownerOfKept(object: T): string;
  /** What is kept of an object whose owner asks; undefined for what cannot be used. @param before what is kept of it until now */
  read(object: KubeObject, before: T | undefined): T | undefined;
  /** These are all objects of the owner. */
  known(owner: ServiceRef, objects: readonly T[]): void;
  /** The owner's objects cannot be read. @param why for people, with what to do about it */
  unreadable(owner: ServiceRef, why: string): void;
}

export interface DemandWatchOptions<T extends KubeObject> {
  readonly followed: Followed<T>;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** Something was said that is worth committing. @param receivedAt of the clock's monotonic time */
  readonly onChange: (receivedAt: number) => void;
}

/**
 * The objects of the owners that ask for them: one watch, which begins when the first owner asks and ends with the last. An
 * owner that begins to ask later is listed, and follows the watch from then on.
 */
export class DemandWatch<T extends KubeObject> {
  readonly #options: DemandWatchOptions<T>;
  readonly #stopping = new AbortController();
  /** Those that ask. */
  readonly #wanted = new Map<string, WantedObjects<T>>();
  /** By namespace and name of each object that was taken: one that changes its owner leaves the one before. */
  readonly #owners = new Map<string, WantedObjects<T>>();
  /** Those whose objects are being listed for them alone. */
  readonly #listed = new Set<WantedObjects<T>>();
  /** Those whose objects have changed since they were handed over. */
  readonly #changed = new Set<WantedObjects<T>>();
  #reflector: Reflector<T> | undefined;
  /** Of the watches that have ended. */
  #past: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
  #isListing = false;
  #hasListed = false;
  #willSettle = false;
  /** Why the objects may not be read, or are not served; undefined while that is not known. */
  #refusal: string | undefined;
  #cancelPatience: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(options: DemandWatchOptions<T>) {
    this.#options = options;
  }

  want(owner: ServiceRef, isWanted: boolean): void {
    const key = serviceKey(owner);
    if (isWanted) this.#wanted.set(key, new WantedObjects(owner));
    else this.#forget(key);
    this.#settleSoon();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelRetry?.();
    await this.#end();
  }

  get isIdle(): boolean {
    return this.#wanted.size === 0;
  }

  /** Undefined while nothing is watched. */
  get reflector(): Reflector<T> | undefined {
    return this.#reflector;
  }

  get statistics(): ReflectorStatistics {
    return addStatistics(this.#past, this.#reflector?.statistics);
  }

  /** Whether the objects may not be read, or are not served by this API server. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Whether nothing better is about to come: what is asked for is known, or could not be read. */
  get isSettled(): boolean {
    return this.#reflector?.problem !== undefined || this.#wanted.values().every(({ isKnown }) => isKnown);
  }

  /** Many owners may begin to ask in one turn. */
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
    if (this.#wanted.size === 0) {
      void this.#end();
      return;
    }
    if (this.#reflector === undefined) {
      this.#begin();
      return;
    }
    const missing = [...this.#wanted.values().filter(({ isKnown, isListed }) => !isKnown && !isListed)];
    if (this.#refusal !== undefined) this.#tellRefusal(missing, this.#refusal);
    else if (this.#hasListed && !this.#isListing) this.#listMissing(missing);
  }

  #listMissing(missing: readonly WantedObjects<T>[]): void {
    if (missing.length > MOST_SINGLE_LISTS) {
      // What is known stays in force until the new list has been read.
      void this.#leave();
      this.#begin();
      return;
    }
    for (const wanted of missing.slice(0, Math.max(0, LISTS_AT_ONCE - this.#listed.size))) void this.#listOne(wanted);
  }

  #begin(): void {
    const { client, logger, clock, random, onChange } = this.#options;
    this.#hasListed = false;
    this.#reflector = new Reflector<T>({
      client,
      collection: this.#collection(),
      logger,
      clock,
      random,
      target: {
        listing: () => this.#listing(),
        replaced: objects => this.#replaced(objects),
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
    for (const { metadata } of this.#wanted.get(key)?.objects ?? []) this.#owners.delete(serviceKey(metadata));
    this.#wanted.delete(key);
  }

  /** @param owner as {@link Followed.collection} */
  #collection(owner?: ServiceRef): Collection<T> {
    const keep = (object: KubeObject): T | undefined => this.#read(object, this.#ownerOf(object));
    return { ...this.#options.followed.collection(owner), keep };
  }

  /** Objects of owners that do not ask are not even read. */
  #read(object: KubeObject, owner: WantedObjects<T> | undefined): T | undefined {
    return owner && this.#options.followed.read(object, owner.get(object.metadata.name));
  }

  #ownerOf(object: KubeObject): WantedObjects<T> | undefined {
    return this.#wanted.get(this.#options.followed.ownerOf(object));
  }

  #listing(): void {
    this.#isListing = true;
    for (const wanted of this.#wanted.values()) wanted.isInList = true;
  }

  #replaced(objects: readonly T[]): void {
    this.#isListing = false;
    this.#hasListed = true;
    const byOwner = Map.groupBy(objects, object => this.#options.followed.ownerOfKept(object));
    for (const [key, wanted] of this.#wanted) {
      if (!wanted.isInList) continue;
      const own = byOwner.get(key) ?? [];
      for (const { metadata } of wanted.objects ?? []) this.#owners.delete(serviceKey(metadata));
      for (const { metadata } of own) this.#owners.set(serviceKey(metadata), wanted);
      if (wanted.replace(own)) this.#changed.add(wanted);
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
    const asking = type === 'upsert' ? this.#ownerOf(object) : undefined;
    const kept = this.#read(object, asking);
    const owner = kept && asking;
    if (owner === undefined) this.#owners.delete(key);
    else {
      this.#owners.set(key, owner);
      this.#change(owner, { name, version, object: kept });
    }
    if (this.#listed.size === 0 && before === owner) return;
    // A list on its way may show it as it was before: it is not known yet whose it was.
    const others = [...this.#listed].filter(wanted => wanted.owner.namespace === metadata.namespace);
    for (const other of new Set(before === undefined ? others : [before, ...others])) {
      if (other !== owner) this.#change(other, { name, version, object: undefined });
    }
  }

  #change(wanted: WantedObjects<T>, change: ObjectChange<T>): void {
    if (wanted.change(change)) this.#changed.add(wanted);
  }

  /** @returns whether anything was said */
  #handOver(): boolean {
    if (this.#refusal !== undefined || this.#changed.size === 0) return false;
    for (const wanted of this.#changed) {
      const { owner, objects } = wanted;
      if (objects !== undefined && this.#wanted.get(serviceKey(owner)) === wanted) {
        this.#options.followed.known(owner, objects);
      }
    }
    this.#changed.clear();
    return true;
  }

  async #listOne(wanted: WantedObjects<T>): Promise<void> {
    const { client, clock, followed, logger, onChange } = this.#options;
    const { signal } = this.#stopping;
    const take = wanted.list();
    this.#listed.add(wanted);
    try {
      const list = await listAll(client, this.#collection(wanted.owner), signal);
      signal.throwIfAborted();
      if (!take(list)) return;
      for (const { metadata } of wanted.objects ?? []) this.#owners.set(serviceKey(metadata), wanted);
      this.#changed.add(wanted);
      if (this.#handOver()) onChange(clock.monotonic());
    } catch (error) {
      take(undefined);
      if (signal.aborted) return;
      logger.debug({ err: error }, `cannot list the ${followed.plural} of ${serviceKey(wanted.owner)}: trying again`);
      this.#cancelRetry ??= clock.setTimer(RETRY_MS, () => {
        this.#cancelRetry = undefined;
        this.#settleSoon();
      });
    } finally {
      this.#listed.delete(wanted);
      if (this.#cancelRetry === undefined) this.#settleSoon();
    }
  }

  #failed(failure: KubeError): void {
    const { clock, followed, logger, onChange } = this.#options;
    this.#isListing = false;
    if (isRefusal(failure) && this.#refusal === undefined) {
      if (!this.#hasListed && !this.#wanted.values().some(({ isKnown }) => isKnown)) this.#refuse(failure);
      else {
        this.#cancelPatience ??= clock.setTimer(PATIENCE_MS, () => {
          this.#cancelPatience = undefined;
          const problem = this.#reflector?.problem;
          if (problem === undefined || !isRefusal(problem)) return;
          logger.warn({ code: problem.code }, `${followed.plural} may not be read any more: ${followed.consequence}`);
          this.#refuse(problem);
          onChange(clock.monotonic());
        });
      }
    }
    // The first table may be waiting for a list that does not come now.
    onChange(clock.monotonic());
  }

  #refuse(failure: KubeError): void {
    const advice = failure instanceof ForbiddenError ? '' : this.#options.followed.unserved;
    this.#refusal = failure.message + advice;
    this.#tellRefusal([...this.#wanted.values()], this.#refusal);
  }

  #tellRefusal(wanted: readonly WantedObjects<T>[], why: string): void {
    for (const { owner } of wanted) this.#options.followed.unreadable(owner, why);
  }

  /** The objects may be read: those that are known are in force again. */
  #accepted(): void {
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    if (this.#refusal === undefined) return;
    this.#refusal = undefined;
    for (const wanted of this.#wanted.values()) if (wanted.isKnown) this.#changed.add(wanted);
    if (this.#handOver()) this.#options.onChange(this.#options.clock.monotonic());
    this.#settleSoon();
  }
}
