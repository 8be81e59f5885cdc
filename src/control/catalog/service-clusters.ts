import { type Cluster, plainCluster } from '../../model/cluster.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Destination } from '../../translate/destination.ts';
import type { ClusterRegistry } from './cluster-registry.ts';
import type { PushedBackends } from './pushed-backends.ts';
import type { Remarks } from './remarks.ts';
import type { ServiceEndpoints } from './service-endpoints.ts';
import type { WatchedServices } from './watched-services.ts';

export interface ServiceClustersOptions {
  readonly watched: Pick<WatchedServices, 'objectOf'>;
  readonly pushed: Pick<PushedBackends, 'set'>;
  readonly endpoints: Pick<ServiceEndpoints, 'want' | 'of'>;
  readonly clusters: Pick<ClusterRegistry, 'set' | 'delete'>;
  readonly remarks: Pick<Remarks, 'set'>;
  readonly onBug: (service: ServiceRef, error: unknown) => void;
}

/** A cluster that something leads to. */
interface Held {
  destination: Destination;
  /** How many lead to it. */
  count: number;
}

/**
 * The clusters that Services lead to: by their routes, or by policies that name other Services and hosts. As long as something leads to a
 * cluster, the registry knows it, and the endpoints of its Service are asked for.
 */
export class ServiceClusters {
  readonly #options: ServiceClustersOptions;
  /** By the Service that they belong to. */
  readonly #held = new Map<string, Held[]>();

  constructor(options: ServiceClustersOptions) {
    this.#options = options;
  }

  /** Where a Service led before, and where it leads now. */
  change(before: readonly Destination[], now: readonly Destination[]): void {
    const touched = new Map<string, ServiceRef>();
    for (const destination of now) {
      touched.set(this.#hold(destination), destination.cluster.service);
    }
    for (const destination of before) {
      touched.set(this.#release(destination), destination.cluster.service);
    }
    for (const [key, service] of touched) {
      const isWanted = this.#held.get(key)?.some(({ destination }) => needsEndpoints(destination)) ?? false;
      this.#options.endpoints.want(service, isWanted);
      this.place(key);
    }
  }

  /** Says where requests to the clusters of a Service go now. @param key of the Service */
  place(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    const warnings: Diagnostic[] = [];
    for (const { destination } of held) {
      try {
        warnings.push(...this.#place(destination));
      } catch (error) {
        this.#options.onBug(destination.cluster.service, error);
        return;
      }
    }
    // Several clusters of a Service meet the same.
    const said = new Map(warnings.map(warning => [`${warning.reason} ${warning.message}`, warning]));
    this.#options.remarks.set(key, 'endpoints', [...said.values()]);
  }

  /** Records of these names were pushed, or are no longer. */
  placeNamed(names: ReadonlyMap<string, unknown>): void {
    for (const [key, held] of this.#held) {
      if (held.some(({ destination }) => names.has(destination.cluster.name))) this.place(key);
    }
  }

  /** @returns what is wrong with the endpoints */
  #place(destination: Destination): readonly Diagnostic[] {
    const { watched, pushed, endpoints, clusters } = this.#options;
    const { cluster, port } = destination;
    if (pushed.set.has(cluster.name) || !needsEndpoints(destination)) {
      const inForce = pushed.set.applied(destination);
      clusters.set(inForce.cluster, inForce.endpoints);
      return [];
    }
    const object = watched.objectOf(cluster.service);
    // One that has just gone is let go of with the next commit.
    if (object === undefined || port === undefined) return [];
    const found = endpoints.of(object, port);
    if (found.endpoints === undefined) clusters.set(byClusterIP(cluster), destination.endpoints);
    else clusters.set(cluster, found.endpoints);
    return found.warnings;
  }

  #hold(destination: Destination): string {
    const key = serviceKey(destination.cluster.service);
    const held = this.#held.get(key);
    const known = held?.find(one => one.destination.cluster.id === destination.cluster.id);
    if (known !== undefined) {
      known.destination = destination;
      known.count += 1;
    } else if (held === undefined) this.#held.set(key, [{ destination, count: 1 }]);
    else held.push({ destination, count: 1 });
    return key;
  }

  #release({ cluster: { id, service } }: Destination): string {
    const key = serviceKey(service);
    const held = this.#held.get(key) ?? [];
    const index = held.findIndex(({ destination }) => destination.cluster.id === id);
    const known = held[index];
    if (known === undefined) return key;
    known.count -= 1;
    if (known.count > 0) return key;
    this.#options.clusters.delete(id);
    if (held.length === 1) {
      this.#held.delete(key);
      this.#options.remarks.set(key, 'endpoints', []);
    } else held.splice(index, 1);
    return key;
  }
}

function needsEndpoints({ cluster }: Destination): boolean {
  return cluster.balance.policy !== 'service';
}

/** The cluster of a Service whose endpoints cannot be read: they still speak what they speak. */
function byClusterIP({ id, name, service, protocol, tls }: Cluster): Cluster {
  return { ...plainCluster(id, name, service), ...(protocol && { protocol }), ...(tls && { tls }) };
}
