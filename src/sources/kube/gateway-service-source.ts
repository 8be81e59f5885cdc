/** The Services and EndpointSlices that this program makes for Gateways, and the EndpointSlices of its own pods. */
import { type Clock, systemClock } from '../../clock.ts';
import type { ServiceRef } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import { SERVICE_NAME_LABEL } from '../../resources/endpoint-slice-shape.ts';
import {
  GATEWAY_NAME_LABEL,
  MANAGED_BY_LABEL,
  MANAGER,
  SLICE_MANAGED_BY_LABEL,
} from '../../resources/gateway/gateway-service.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from './client.ts';
import { scopesOf } from './collections.ts';
import type { DemandReport } from './demand-source.ts';
import type { Collection, KubeObject } from './list.ts';
import { addStatistics, type ReflectorStatistics } from './reflector.ts';
import { WatchedCollection } from './watched-collection.ts';

const PAGE = 500;

/** An object with all its fields, as the API server gives it. */
export interface WholeObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & Readonly<Record<string, unknown>>;
  readonly status?: unknown;
  readonly addressType?: unknown;
  readonly endpoints?: unknown;
  readonly ports?: unknown;
}

export interface GatewayServiceSourceOptions {
  readonly settings: Pick<Settings, 'namespace'>;
  /** The Service whose endpoints are the pods of this program. */
  readonly own: ServiceRef;
  /** Not closed here: others share it. */
  readonly client: KubeClient;
  readonly logger: Logger;
  /** @param receivedAt when it came, of the clock's monotonic time */
  readonly onChange: (receivedAt: number) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export class GatewayServiceSource {
  readonly services: WatchedCollection<WholeObject>;
  readonly slices: WatchedCollection<WholeObject>;
  /** Those of the pods of this program. */
  readonly ownSlices: WatchedCollection<WholeObject>;

  constructor(options: GatewayServiceSourceOptions) {
    const { settings, own, client, logger, onChange, clock = systemClock, random = Math.random } = options;
    const scopes = scopesOf(settings);
    const follow = (collections: readonly Collection<WholeObject>[]) =>
      new WatchedCollection({ collections, client, logger, onChange, clock, random });
    const services = `${MANAGED_BY_LABEL}=${MANAGER},${GATEWAY_NAME_LABEL}`;
    this.services = follow(scopes.map(namespace => collection('services', namespace, services)));
    const slices = `${SLICE_MANAGED_BY_LABEL}=${MANAGER}`;
    this.slices = follow(scopes.map(namespace => collection('endpointslices', namespace, slices)));
    this.ownSlices = follow([collection('endpointslices', own.namespace, `${SERVICE_NAME_LABEL}=${own.name}`)]);
  }

  /** Everything was read once. */
  get isKnown(): boolean {
    return this.#all.every(({ isKnown }) => isKnown);
  }

  start(): void {
    for (const each of this.#all) each.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map(each => each.stop()));
  }

  report(): DemandReport {
    const reports = this.#all.map(each => each.report());
    const losses = reports.flatMap(({ lostAt }) => lostAt ?? []);
    return {
      synced: reports.every(({ synced }) => synced),
      lostAt: losses.length === 0 ? undefined : Math.min(...losses),
      problems: reports.flatMap(({ problems }) => problems),
    };
  }

  statistics(): ReflectorStatistics {
    const none: ReflectorStatistics = { eventsTotal: 0, restartsTotal: 0, lastEventAt: 0 };
    return this.#all.reduce((sum, each) => addStatistics(sum, each.statistics()), none);
  }

  get #all(): readonly WatchedCollection<WholeObject>[] {
    return [this.services, this.slices, this.ownSlices];
  }
}

function collection(
  resource: 'services' | 'endpointslices',
  namespace: string | undefined,
  selector: string,
): Collection<WholeObject> {
  return {
    ...{ resource, namespace, selector, pageSize: PAGE },
    keep: object => object as WholeObject,
    unread: 'Until they can be read, Gateways that are reached by Services are not served',
  };
}
