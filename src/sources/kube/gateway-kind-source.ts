/** The objects of one kind of the Gateway API: one watch for the cluster, or one a namespace. */
import type { Clock } from '../../clock.ts';
import { serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import { GATEWAY_KINDS, readGatewayObject } from '../../resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../resources/gateway/gateway-object.ts';
import type { GatewayStore } from '../../resources/gateway/gateway-store.ts';
import { fieldName, isShapeProblem } from '../../resources/service-object.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from './client.ts';
import { scopesOf } from './collections.ts';
import type { DemandReport } from './demand-source.ts';
import { isRefusal, type KubeError } from './errors.ts';
import type { Collection, KubeObject } from './list.ts';
import { addStatistics, Reflector, type ReflectorStatistics } from './reflector.ts';
import type { Change } from './watch.ts';

/** An API server that has just started refuses for some seconds what it will grant, and so does one whose CRD is new. */
const PATIENCE_MS = 10_000;
/** Another failure may pass. For longer than this the Services do not wait for it. */
const LONG_PATIENCE_MS = 30_000;
/** An HTTPRoute is 2 to 10 KB as a rule. */
const PAGE = 500;

export interface GatewayKindSourceOptions<K extends GatewayKind> {
  readonly kind: K;
  /** Undefined for a kind that no CRD defines. */
  readonly version: string | undefined;
  readonly settings: Pick<Settings, 'namespace'>;
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly store: Pick<GatewayStore, 'replace' | 'upsert' | 'remove' | 'absent'>;
  /** The objects that were restored from a file: those of a namespace that may not be read go on being served. */
  readonly restored: () => readonly GatewayKinds[K][];
  readonly logger: Logger;
  /** The store holds a change worth committing. @param receivedAt when it came, of the clock's monotonic time */
  readonly onChange: (receivedAt: number) => void;
  /** The server says that it has no such kind. */
  readonly onMissing: () => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What is kept of an object of the API. */
interface Watched<T> extends KubeObject {
  readonly read: T;
}

/** One collection, and what is known of it. */
interface Scope<T> {
  readonly reflector: Reflector<Watched<T>>;
  readonly namespace: string | undefined;
  /** By `namespace/name`; undefined until it was listed, or is left out. */
  objects: Map<string, T> | undefined;
  isListed: boolean;
  /** Set while it fails, and is not yet left out. */
  cancelPatience: (() => void) | undefined;
}

export class GatewayKindSource<K extends GatewayKind> {
  readonly #options: GatewayKindSourceOptions<K>;
  readonly #scopes: readonly Scope<GatewayKinds[K]>[];

  constructor(options: GatewayKindSourceOptions<K>) {
    this.#options = options;
    const { kind, settings } = options;
    const scopes = GATEWAY_KINDS[kind].isOfNamespace ? scopesOf(settings) : [undefined];
    this.#scopes = scopes.map(namespace => this.#scope(namespace));
  }

  get version(): string | undefined {
    return this.#options.version;
  }

  /** All objects were read but what may not be read. */
  get isKnown(): boolean {
    return this.#scopes.every(({ objects }) => objects !== undefined);
  }

  start(): void {
    for (const { reflector } of this.#scopes) reflector.start();
  }

  /** From now on the store is not touched. Resolves when no connection is used any more. */
  async stop(): Promise<void> {
    for (const { cancelPatience } of this.#scopes) cancelPatience?.();
    await Promise.all(this.#scopes.map(({ reflector }) => reflector.stop()));
  }

  /** What may not be read, and is left out, is no reason to call the rest out of date. */
  report(): DemandReport {
    const losses = this.#scopes.flatMap(({ reflector, isListed }) => (isListed ? (reflector.lostAt ?? []) : []));
    return {
      synced: this.#scopes.every(({ reflector, isListed, objects }) =>
        isListed ? reflector.isConnected : objects !== undefined,
      ),
      lostAt: losses.length === 0 ? undefined : Math.min(...losses),
      problems: this.#scopes.flatMap(({ reflector }) => reflector.problem?.message ?? []),
    };
  }

  get statistics(): ReflectorStatistics {
    const none: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
    return this.#scopes.reduce((sum, { reflector }) => addStatistics(sum, reflector.statistics), none);
  }

  /** Says all that is known. A part of it is no table: routes of the rest would be withdrawn. */
  #settle(): void {
    if (!this.isKnown) return;
    const { kind, store } = this.#options;
    if (this.#scopes.some(({ isListed }) => isListed)) {
      const objects = this.#scopes.flatMap(scope => [...(scope.objects?.values() ?? [])]);
      store.replace(kind, objects);
    } else {
      const [first] = this.#scopes.map(({ reflector }) => reflector.problem?.message ?? 'not read yet');
      store.absent(kind, first ?? '');
    }
  }

  #scope(namespace: string | undefined): Scope<GatewayKinds[K]> {
    const { kind, version, store, client, logger, clock, random, onChange } = this.#options;
    const collection: Collection<Watched<GatewayKinds[K]>> = {
      ...{ resource: GATEWAY_KINDS[kind].resource, version, namespace, selector: '', pageSize: PAGE },
      unread: `Until they can be read, every ${kind} of before counts, and no other`,
      keep: object => {
        const read = this.#read(object);
        return read && { metadata: nameOf(object), read };
      },
    };
    const reflector = new Reflector<Watched<GatewayKinds[K]>>({
      ...{ client, collection, logger, clock, random },
      target: {
        replaced: objects => {
          scope.isListed = true;
          scope.objects = new Map(objects.map(object => [serviceKey(object.metadata), object.read]));
          this.#settle();
        },
        changed: ({ type, object }: Change) => {
          const read = type === 'upsert' ? this.#read(object) : undefined;
          const key = serviceKey(object.metadata);
          if (read === undefined) scope.objects?.delete(key);
          else scope.objects?.set(key, read);
          if (!this.isKnown) return;
          if (read === undefined) store.remove(kind, object.metadata);
          else store.upsert(kind, read);
        },
        failed: failure => this.#failed(scope, failure),
        settled: receivedAt => {
          if (this.isKnown) onChange(receivedAt);
        },
      },
    });
    const scope: Scope<GatewayKinds[K]> = {
      ...{ reflector, namespace, objects: undefined, isListed: false, cancelPatience: undefined },
    };
    return scope;
  }

  #failed(scope: Scope<GatewayKinds[K]>, failure: KubeError): void {
    const { clock, restored, onChange, onMissing } = this.#options;
    if (isMissing(failure)) onMissing();
    if (scope.objects !== undefined) return;
    scope.cancelPatience ??= clock.setTimer(isRefusal(failure) ? PATIENCE_MS : LONG_PATIENCE_MS, () => {
      scope.cancelPatience = undefined;
      if (scope.objects !== undefined || scope.reflector.problem === undefined) return;
      const { namespace } = scope;
      const kept = restored().filter(({ metadata }) => namespace === undefined || namespace === metadata.namespace);
      scope.objects = new Map(kept.map(object => [serviceKey(object.metadata), object]));
      this.#settle();
      if (this.isKnown) onChange(clock.monotonic());
    });
  }

  /** Undefined, and a line in the log, for what the API server should never have taken. */
  #read(object: KubeObject): GatewayKinds[K] | undefined {
    const { kind, logger } = this.#options;
    const { namespace, name } = object.metadata;
    const read = readGatewayObject(kind, object, namespace);
    if (!isShapeProblem(read)) return read;
    const place = namespace === '' ? name : `${namespace}/${name}`;
    logger.warn(`${kind} ${place} is left out: ${fieldName(read.path)} ${read.reason}`);
    return undefined;
  }
}

function nameOf({ metadata: { namespace, name, resourceVersion } }: KubeObject): KubeObject['metadata'] {
  return { namespace, name, resourceVersion };
}

function isMissing(failure: KubeError): boolean {
  return 'status' in failure && failure.status === 404;
}
