/** Ingresses and IngressClasses of the Kubernetes API: one watch of Ingresses for the cluster, or one a namespace. */
import { type Clock, systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import {
  type IngressClassObject,
  type IngressObject,
  readIngress,
  readIngressClass,
} from '../../resources/ingress-object.ts';
import type { IngressStore } from '../../resources/ingress-store.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from './client.ts';
import { scopesOf } from './collections.ts';
import type { DemandReport } from './demand-source.ts';
import { PatientCollection, problemOf, reportOf, statisticsOf } from './patient-collection.ts';
import type { ReflectorStatistics } from './reflector.ts';

/** An API server that has just started refuses for some seconds what it will grant, and 404 is what it says of kinds to come. */
const PATIENCE_MS = 10_000;
/** In a single namespace the right to read IngressClasses is missing as a rule: the first table does not wait long for it. */
const PATIENCE_FOR_CLASSES_MS = 3_000;
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

export class IngressSource {
  readonly #options: IngressSourceOptions;
  readonly #classes: PatientCollection<IngressClassObject>;
  readonly #ingresses: readonly PatientCollection<IngressObject>[];

  constructor(options: IngressSourceOptions) {
    this.#options = options;
    const { client, store, logger, onChange, settings, clock = systemClock, random = Math.random } = options;
    const shared = {
      ...{ client, logger, clock, random },
      settled: (receivedAt: number): void => {
        if (this.#isKnown) onChange(receivedAt);
      },
    };
    this.#classes = new PatientCollection<IngressClassObject>({
      ...shared,
      collection: {
        ...{ resource: 'ingressclasses', namespace: undefined, selector: '', pageSize: PAGE },
        unread:
          'Until IngressClasses can be read, only the annotation kubernetes.io/ingress.class says whose an Ingress is',
      },
      title: 'ingressclasses',
      read: object => readIngressClass(object),
      patienceMs: PATIENCE_FOR_CLASSES_MS,
      restored: () => [],
      replaced: () => {
        store.classes.replace(this.#classes.objects);
        this.#settle();
      },
      leftOut: why => {
        store.classes.unreadable(why);
        this.#leftOut();
      },
      upsert: ingressClass => store.classes.upsert(ingressClass),
      remove: ({ name }) => store.classes.remove(name),
    });
    this.#ingresses = scopesOf(settings).map(
      namespace =>
        new PatientCollection<IngressObject>({
          ...shared,
          collection: {
            ...{ resource: 'ingresses', namespace, selector: '', pageSize: PAGE },
            unread: 'Until Ingresses can be read, those of before are served, and no others',
          },
          title: 'ingresses',
          read: object => readIngress(object, object.metadata.namespace),
          patienceMs: PATIENCE_MS,
          restored: options.restored ?? (() => []),
          replaced: () => this.#settle(),
          leftOut: () => this.#leftOut(),
          upsert: ingress => {
            if (this.#isKnown) store.upsert(ingress);
          },
          remove: ingress => {
            if (this.#isKnown) store.remove(ingress);
          },
        }),
    );
  }

  /** Returns at once. From then on it tries, whatever happens, until it is stopped. */
  start(): void {
    for (const collection of this.#all) collection.start();
  }

  /** Resolves when the store will not be touched again. */
  async stop(): Promise<void> {
    await Promise.all(this.#all.map(collection => collection.stop()));
  }

  report(): DemandReport {
    return reportOf(this.#all);
  }

  statistics(): ReflectorStatistics {
    return statisticsOf(this.#all);
  }

  get #all(): readonly (PatientCollection<IngressClassObject> | PatientCollection<IngressObject>)[] {
    return [this.#classes, ...this.#ingresses];
  }

  /** All was read but what may not be read. */
  get #isKnown(): boolean {
    return this.#all.every(({ isKnown }) => isKnown);
  }

  /** Says all that is known. A part of it is no table: it would answer 404 for Ingresses that only have not been read yet. */
  #settle(): void {
    if (!this.#isKnown) return;
    const { store } = this.#options;
    if (this.#ingresses.some(({ isListed }) => isListed)) {
      store.replace(this.#ingresses.flatMap(({ objects }) => objects));
    } else {
      store.unreadable(problemOf(this.#ingresses));
    }
  }

  #leftOut(): void {
    const { onChange, clock = systemClock } = this.#options;
    this.#settle();
    onChange(clock.monotonic());
  }
}
