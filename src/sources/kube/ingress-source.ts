/** Ingresses and IngressClasses of the Kubernetes API: one watch of Ingresses for the cluster, or one a namespace. */
import { type Clock, systemClock } from '../../clock.ts';
import { serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import {
  type IngressClassObject,
  type IngressObject,
  readIngress,
  readIngressClass,
} from '../../resources/ingress-object.ts';
import type { IngressStore } from '../../resources/ingress-store.ts';
import { fieldName, isShapeProblem, type ShapeProblem } from '../../resources/service-object.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from './client.ts';
import { scopesOf } from './collections.ts';
import type { DemandReport } from './demand-source.ts';
import { isRefusal, type KubeError } from './errors.ts';
import type { Collection, KubeObject } from './list.ts';
import { addStatistics, Reflector, type ReflectorStatistics } from './reflector.ts';
import type { Change } from './watch.ts';

/** An API server that has just started refuses for some seconds what it will grant, and 404 is what it says of kinds to come. */
const PATIENCE_MS = 10_000;
/** In a single namespace the right to read IngressClasses is missing as a rule: the first table does not wait long for it. */
const PATIENCE_FOR_CLASSES_MS = 3_000;
/** Another failure may pass. For longer than this the Services do not wait for it. */
const LONG_PATIENCE_MS = 30_000;
/** An Ingress is 2 to 5 KB as a rule, with what kubectl keeps in it. */
const PAGE = 500;

export interface IngressSourceOptions {
  readonly settings: Pick<Settings, 'namespace'>;
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly store: IngressStore;
  /** The Ingresses that were restored from a file: those of a namespace that may not be read go on being served. */
  readonly restored?: () => readonly IngressObject[];
  readonly logger: Logger;
  /**
   * The store holds a change worth committing.
   * @param receivedAt when it came, of the clock's monotonic time
   */
  readonly onChange: (receivedAt: number) => void;
  readonly clock?: Clock;
  /** From 0 up to 1; spreads what replicas would else do at the same moment. */
  readonly random?: () => number;
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

export class IngressSource {
  readonly #options: IngressSourceOptions;
  readonly #clock: Clock;
  readonly #classes: Scope<IngressClassObject>;
  readonly #scopes: readonly Scope<IngressObject>[];

  constructor(options: IngressSourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { store } = options;
    this.#classes = this.#scope({
      ...{ resource: 'ingressclasses', namespace: undefined, patienceMs: PATIENCE_FOR_CLASSES_MS },
      unread:
        'Until IngressClasses can be read, only the annotation kubernetes.io/ingress.class says whose an Ingress is',
      read: object => readIngressClass(object),
      replaced: classes => {
        store.classes.replace(classes);
        this.#settle();
      },
      leftOut: why => {
        store.classes.unreadable(why);
        this.#settle();
      },
      upsert: ingressClass => store.classes.upsert(ingressClass),
      remove: ({ name }) => store.classes.remove(name),
    });
    this.#scopes = scopesOf(options.settings).map(namespace =>
      this.#scope({
        ...{ resource: 'ingresses', namespace, patienceMs: PATIENCE_MS },
        unread: 'Until Ingresses can be read, those of before are served, and no others',
        read: object => readIngress(object, object.metadata.namespace),
        replaced: () => this.#settle(),
        leftOut: () => this.#settle(),
        upsert: ingress => {
          if (this.#isComplete) store.upsert(ingress);
        },
        remove: ingress => {
          if (this.#isComplete) store.remove(ingress);
        },
      }),
    );
  }

  /** Returns at once. From then on it tries, whatever happens, until it is stopped. */
  start(): void {
    for (const { reflector } of this.#all) reflector.start();
  }

  /** Resolves when the store will not be touched again. */
  async stop(): Promise<void> {
    for (const { cancelPatience } of this.#all) cancelPatience?.();
    await Promise.all(this.#all.map(({ reflector }) => reflector.stop()));
  }

  /** What may not be read, and is left out, is no reason to call the rest out of date. */
  report(): DemandReport {
    const all = this.#all;
    const losses = all.flatMap(({ reflector, isListed }) => (isListed ? (reflector.lostAt ?? []) : []));
    return {
      synced: all.every(({ reflector, isListed, objects }) =>
        isListed ? reflector.isConnected : objects !== undefined,
      ),
      lostAt: losses.length === 0 ? undefined : Math.min(...losses),
      problems: all.flatMap(({ reflector }) => reflector.problem?.message ?? []),
    };
  }

  statistics(): ReflectorStatistics {
    const none: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
    return this.#all.reduce((sum, { reflector }) => addStatistics(sum, reflector.statistics), none);
  }

  get #all(): readonly Scope<unknown>[] {
    return [this.#classes, ...this.#scopes];
  }

  /** All was read but what may not be read. */
  get #isComplete(): boolean {
    return this.#all.every(({ objects }) => objects !== undefined);
  }

  /** Says all that is known. A part of it is no table: it would answer 404 for Ingresses that only have not been read yet. */
  #settle(): void {
    if (!this.#isComplete) return;
    const { store } = this.#options;
    if (this.#scopes.some(({ isListed }) => isListed)) {
      store.replace(this.#scopes.flatMap(({ objects }) => [...(objects?.values() ?? [])]));
    } else {
      const [first] = this.#scopes.map(({ reflector }) => reflector.problem?.message ?? 'not read yet');
      store.unreadable(first ?? '');
    }
  }

  #scope<T extends IngressObject | IngressClassObject>(plan: {
    readonly resource: 'ingresses' | 'ingressclasses';
    readonly namespace: string | undefined;
    readonly patienceMs: number;
    readonly unread: string;
    readonly read: (object: KubeObject) => T | ShapeProblem;
    readonly replaced: (objects: readonly T[]) => void;
    /** It was never read, and may not be. */
    readonly leftOut: (why: string) => void;
    readonly upsert: (object: T) => void;
    readonly remove: (ref: { readonly namespace: string; readonly name: string }) => void;
  }): Scope<T> {
    const { client, logger, onChange, random = Math.random } = this.#options;
    const { resource, namespace, unread, patienceMs } = plan;
    const read = (object: KubeObject): T | undefined => this.#read(resource, object, plan.read(object));
    const collection: Collection<Watched<T>> = {
      ...{ resource, namespace, selector: '', pageSize: PAGE, unread },
      keep: object => {
        const kept = read(object);
        return kept && { metadata: nameOf(object), read: kept };
      },
    };
    const reflector = new Reflector<Watched<T>>({
      ...{ client, collection, logger, clock: this.#clock, random },
      target: {
        replaced: objects => {
          scope.isListed = true;
          scope.objects = new Map(objects.map(object => [serviceKey(object.metadata), object.read]));
          plan.replaced([...scope.objects.values()]);
        },
        changed: ({ type, object }: Change) => {
          const kept = type === 'upsert' ? read(object) : undefined;
          const key = serviceKey(object.metadata);
          if (kept === undefined) {
            scope.objects?.delete(key);
            plan.remove(object.metadata);
          } else {
            scope.objects?.set(key, kept);
            plan.upsert(kept);
          }
        },
        failed: failure => this.#failed(scope, failure, patienceMs, plan.leftOut),
        settled: receivedAt => {
          if (this.#isComplete) onChange(receivedAt);
        },
      },
    });
    const scope: Scope<T> = { reflector, namespace, objects: undefined, isListed: false, cancelPatience: undefined };
    return scope;
  }

  #failed<T>(scope: Scope<T>, failure: KubeError, patienceMs: number, leftOut: (why: string) => void): void {
    if (scope.objects !== undefined) return;
    scope.cancelPatience ??= this.#clock.setTimer(isRefusal(failure) ? patienceMs : LONG_PATIENCE_MS, () => {
      scope.cancelPatience = undefined;
      const { problem } = scope.reflector;
      if (scope.objects !== undefined || problem === undefined) return;
      const { restored = () => [], onChange } = this.#options;
      const kept = scope === this.#classes ? [] : restored().filter(({ metadata }) => isIn(scope.namespace, metadata));
      scope.objects = new Map(kept.map(ingress => [serviceKey(ingress.metadata), ingress as T]));
      leftOut(problem.message);
      onChange(this.#clock.monotonic());
    });
  }

  /** Undefined, and a line in the log, for what the API server should never have taken. */
  #read<T extends object>(resource: string, { metadata }: KubeObject, read: T | ShapeProblem): T | undefined {
    if (!isShapeProblem(read)) return read;
    const { namespace, name } = metadata;
    const place = namespace === '' ? name : `${namespace}/${name}`;
    this.#options.logger.warn(`${resource} ${place} is left out: ${fieldName(read.path)} ${read.reason}`);
    return undefined;
  }
}

function nameOf({ metadata: { namespace, name, resourceVersion } }: KubeObject): KubeObject['metadata'] {
  return { namespace, name, resourceVersion };
}

function isIn(namespace: string | undefined, metadata: { readonly namespace: string }): boolean {
  return namespace === undefined || namespace === metadata.namespace;
}
