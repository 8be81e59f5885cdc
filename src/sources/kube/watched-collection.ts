import type { Clock } from '../../clock.ts';
import { serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { KubeClient } from './client.ts';
import type { DemandReport } from './demand-source.ts';
import type { Collection, KubeObject } from './list.ts';
import { addStatistics, Reflector, type ReflectorStatistics } from './reflector.ts';

export interface WatchedCollectionOptions<T extends KubeObject> {
  /** One for the cluster, or one a namespace. */
  readonly collections: readonly Collection<T>[];
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** What came together is known now. @param receivedAt when it came, of the clock's monotonic time */
  readonly onChange: (receivedAt: number) => void;
}

/** The objects of one kind that a selector chooses, as the API server has them. */
export class WatchedCollection<T extends KubeObject> {
  /** By collection, then by namespace and name. */
  readonly #objects: readonly Map<string, T>[];
  readonly #reflectors: readonly Reflector<T>[];
  readonly #unlisted: Set<number>;

  constructor({ collections, client, logger, clock, random, onChange }: WatchedCollectionOptions<T>) {
    this.#unlisted = new Set(collections.keys());
    this.#objects = collections.map(() => new Map());
    this.#reflectors = collections.map((collection, index) => {
      const objects = this.#objects[index] ?? new Map<string, T>();
      return new Reflector<T>({
        ...{ client, collection, logger, clock, random },
        target: {
          replaced: all => {
            objects.clear();
            for (const object of all) objects.set(serviceKey(object.metadata), object);
            this.#unlisted.delete(index);
          },
          changed: ({ type, object }) => {
            const kept = type === 'upsert' ? collection.keep(object) : undefined;
            if (kept === undefined) objects.delete(serviceKey(object.metadata));
            else objects.set(serviceKey(object.metadata), kept);
          },
          failed: () => undefined,
          settled: receivedAt => {
            if (this.isKnown) onChange(receivedAt);
          },
        },
      });
    });
  }

  /** All were read. */
  get isKnown(): boolean {
    return this.#unlisted.size === 0;
  }

  *objects(): Generator<T> {
    for (const objects of this.#objects) yield* objects.values();
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map(reflector => reflector.stop()));
  }

  report(): DemandReport {
    const losses = this.#reflectors.flatMap(({ lostAt }) => lostAt ?? []);
    return {
      synced: this.isKnown && this.#reflectors.every(({ isConnected }) => isConnected),
      lostAt: losses.length === 0 ? undefined : Math.min(...losses),
      problems: this.#reflectors.flatMap(({ problem }) => problem?.message ?? []),
    };
  }

  statistics(): ReflectorStatistics {
    const none: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
    return this.#reflectors.reduce((sum, { statistics }) => addStatistics(sum, statistics), none);
  }
}
