import type { Clock } from '../../clock.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import { fieldName, isShapeProblem, type ShapeProblem } from '../../resources/service-object.ts';
import type { KubeClient } from './client.ts';
import type { DemandReport } from './demand-source.ts';
import { isRefusal, type KubeError } from './errors.ts';
import type { Collection, KubeObject } from './list.ts';
import { addStatistics, Reflector, type ReflectorStatistics } from './reflector.ts';
import type { Change } from './watch.ts';

/** A failure that is no refusal may pass. For longer than this the Services do not wait for it. */
const LONG_PATIENCE_MS = 30_000;

/** What is kept of an object of the API. */
interface Watched<T> extends KubeObject {
  readonly read: T;
}

/** What belongs to no namespace has none. */
interface Named {
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

export interface PatientCollectionOptions<T extends Named> {
  readonly collection: Omit<Collection, 'keep'>;
  /** What the log calls an object, before its place. */
  readonly title: string;
  readonly read: (object: KubeObject) => T | ShapeProblem;
  /** How long a refusal may last, before the rest goes on without these objects. */
  readonly patienceMs: number;
  /** Objects of before, which count where those of now may not be read. */
  readonly restored: () => readonly T[];
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** All of its objects were read. */
  readonly replaced: () => void;
  readonly upsert: (object: T) => void;
  readonly remove: (ref: ServiceRef) => void;
  /** They were never read, and may not be: from now on the rest goes on without them. */
  readonly leftOut: (why: string) => void;
  /** What came together is known now. @param receivedAt when it came, of the clock's monotonic time */
  readonly settled: (receivedAt: number) => void;
  readonly failed?: (failure: KubeError) => void;
}

/**
 * Objects of one kind, in the cluster or in one namespace, that the first table waits for: but not for ever. Where they cannot be read,
 * they are left out after a while, and those of before take their place.
 */
export class PatientCollection<T extends Named> {
  readonly #options: PatientCollectionOptions<T>;
  readonly #reflector: Reflector<Watched<T>>;
  /** By `namespace/name`; undefined until it was listed, or is left out. */
  #objects: Map<string, T> | undefined;
  #isListed = false;
  /** Set while it fails, and is not yet left out. */
  #cancelPatience: (() => void) | undefined;

  constructor(options: PatientCollectionOptions<T>) {
    this.#options = options;
    const { client, logger, clock, random } = options;
    this.#reflector = new Reflector<Watched<T>>({
      ...{ client, logger, clock, random },
      collection: { ...options.collection, keep: object => this.#keep(object) },
      target: {
        replaced: objects => {
          this.#isListed = true;
          this.#objects = new Map(objects.map(object => [serviceKey(object.metadata), object.read]));
          options.replaced();
        },
        changed: change => this.#changed(change),
        failed: failure => this.#failed(failure),
        settled: options.settled,
      },
    });
  }

  /** It was read, or is left out. */
  get isKnown(): boolean {
    return this.#objects !== undefined;
  }

  get isListed(): boolean {
    return this.#isListed;
  }

  get objects(): readonly T[] {
    return [...(this.#objects?.values() ?? [])];
  }

  /** Why it cannot be read; undefined where it can. */
  get problem(): string | undefined {
    return this.#reflector.problem?.message;
  }

  get lostAt(): number | undefined {
    return this.#isListed ? this.#reflector.lostAt : undefined;
  }

  get isSynced(): boolean {
    return this.#isListed ? this.#reflector.isConnected : this.isKnown;
  }

  get statistics(): ReflectorStatistics {
    return this.#reflector.statistics;
  }

  /** Returns at once. From then on it tries, whatever happens, until it is stopped. */
  start(): void {
    this.#reflector.start();
  }

  /** From now on nobody is called. Resolves when no connection is in use. */
  async stop(): Promise<void> {
    this.#cancelPatience?.();
    await this.#reflector.stop();
  }

  #changed({ type, object }: Change): void {
    const { upsert, remove } = this.#options;
    const read = type === 'upsert' ? this.#read(object) : undefined;
    const key = serviceKey(object.metadata);
    if (read === undefined) {
      this.#objects?.delete(key);
      remove(object.metadata);
    } else {
      this.#objects?.set(key, read);
      upsert(read);
    }
  }

  #failed(failure: KubeError): void {
    const { clock, patienceMs, failed } = this.#options;
    failed?.(failure);
    if (this.isKnown) return;
    this.#cancelPatience ??= clock.setTimer(isRefusal(failure) ? patienceMs : LONG_PATIENCE_MS, () => {
      this.#cancelPatience = undefined;
      const { problem } = this;
      if (this.isKnown || problem === undefined) return;
      const { namespace } = this.#options.collection;
      const kept = this.#options
        .restored()
        .filter(({ metadata }) => namespace === undefined || namespace === metadata.namespace);
      this.#objects = new Map(kept.map(object => [serviceKey({ namespace: '', ...object.metadata }), object]));
      this.#options.leftOut(problem);
    });
  }

  #keep(object: KubeObject): Watched<T> | undefined {
    const read = this.#read(object);
    const { namespace, name, resourceVersion } = object.metadata;
    return read && { metadata: { namespace, name, resourceVersion }, read };
  }

  /** Undefined, and a line in the log, for what the API server should never have taken. */
  #read(object: KubeObject): T | undefined {
    const read = this.#options.read(object);
    if (!isShapeProblem(read)) return read;
    const { namespace, name } = object.metadata;
    const place = namespace === '' ? name : `${namespace}/${name}`;
    this.#options.logger.warn(`${this.#options.title} ${place} is left out: ${fieldName(read.path)} ${read.reason}`);
    return undefined;
  }
}

type AnyCollection = Pick<
  PatientCollection<Named>,
  'isKnown' | 'isListed' | 'isSynced' | 'lostAt' | 'problem' | 'statistics'
>;

/** What may not be read, and is left out, is no reason to call the rest out of date. */
export function reportOf(collections: readonly AnyCollection[]): DemandReport {
  const losses = collections.flatMap(({ lostAt }) => lostAt ?? []);
  return {
    synced: collections.every(({ isSynced }) => isSynced),
    lostAt: losses.length === 0 ? undefined : Math.min(...losses),
    problems: collections.flatMap(({ problem }) => problem ?? []),
  };
}

export function statisticsOf(collections: readonly AnyCollection[]): ReflectorStatistics {
  const none: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
  return collections.reduce((sum, { statistics }) => addStatistics(sum, statistics), none);
}

/** Why nothing of a kind can be read. */
export function problemOf(collections: readonly AnyCollection[]): string {
  return collections[0]?.problem ?? 'not read yet';
}
