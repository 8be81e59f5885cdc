/** The objects of one kind of the Gateway API: one watch for the cluster, or one a namespace. */
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import { GATEWAY_KINDS, readGatewayObject } from '../../resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../resources/gateway/gateway-object.ts';
import type { GatewayStore } from '../../resources/gateway/gateway-store.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from './client.ts';
import { scopesOf } from './collections.ts';
import type { DemandReport } from './demand-source.ts';
import type { KubeError } from './errors.ts';
import { PatientCollection, problemOf, reportOf, statisticsOf } from './patient-collection.ts';
import type { ReflectorStatistics } from './reflector.ts';

/** An API server that has just started refuses for some seconds what it will grant, and so does one whose CRD is new. */
const PATIENCE_MS = 10_000;
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

export class GatewayKindSource<K extends GatewayKind> {
  readonly #options: GatewayKindSourceOptions<K>;
  readonly #collections: readonly PatientCollection<GatewayKinds[K]>[];

  constructor(options: GatewayKindSourceOptions<K>) {
    this.#options = options;
    const { kind, settings } = options;
    const scopes = GATEWAY_KINDS[kind].isOfNamespace ? scopesOf(settings) : [undefined];
    this.#collections = scopes.map(namespace => this.#collection(namespace));
  }

  get version(): string | undefined {
    return this.#options.version;
  }

  /** All objects were read but what may not be read. */
  get isKnown(): boolean {
    return this.#collections.every(({ isKnown }) => isKnown);
  }

  start(): void {
    for (const collection of this.#collections) collection.start();
  }

  /** From now on the store is not touched. Resolves when no connection is in use. */
  async stop(): Promise<void> {
    await Promise.all(this.#collections.map(collection => collection.stop()));
  }

  report(): DemandReport {
    return reportOf(this.#collections);
  }

  get statistics(): ReflectorStatistics {
    return statisticsOf(this.#collections);
  }

  /** Says all that is known. A part of it is no table: routes of the rest would be withdrawn. */
  #settle(): void {
    if (!this.isKnown) return;
    const { kind, store } = this.#options;
    if (this.#collections.some(({ isListed }) => isListed)) {
      store.replace(
        kind,
        this.#collections.flatMap(({ objects }) => objects),
      );
    } else {
      store.absent(kind, problemOf(this.#collections));
    }
  }

  #collection(namespace: string | undefined): PatientCollection<GatewayKinds[K]> {
    const { kind, version, store, client, logger, clock, random, restored, onChange, onMissing } = this.#options;
    return new PatientCollection<GatewayKinds[K]>({
      ...{ client, logger, clock, random, restored, title: kind, patienceMs: PATIENCE_MS },
      collection: {
        ...{ resource: GATEWAY_KINDS[kind].resource, version, namespace, selector: '', pageSize: PAGE },
        unread: `Until they can be read, every ${kind} of before counts, and no other`,
      },
      read: object => readGatewayObject(kind, object, object.metadata.namespace),
      replaced: () => this.#settle(),
      upsert: object => {
        if (this.isKnown) store.upsert(kind, object);
      },
      remove: ref => {
        if (this.isKnown) store.remove(kind, ref);
      },
      leftOut: () => {
        this.#settle();
        if (this.isKnown) onChange(clock.monotonic());
      },
      settled: receivedAt => {
        if (this.isKnown) onChange(receivedAt);
      },
      failed: failure => {
        if (isMissing(failure)) onMissing();
      },
    });
  }
}

function isMissing(failure: KubeError): boolean {
  return 'status' in failure && failure.status === 404;
}
