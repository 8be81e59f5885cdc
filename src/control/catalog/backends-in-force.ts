import type { Cluster, ClusterEndpoint } from '../../model/cluster.ts';
import { type Route, serviceKey } from '../../model/route.ts';
import type { ServiceObject, ServicePort } from '../../resources/service-object.ts';
import type { PushedBackend } from '../../sources/pushed.ts';
import type { HostTranslation } from '../../translate/ingress/ingress-translator.ts';
import type { ClusterRegistry } from './cluster-registry.ts';
import type { PushedSet } from './pushed-set.ts';
import type { WatchedServices } from './watched-services.ts';

/** A backend that is in force: that of a watched Service with its endpoints, or a pushed record as it came. */
export type BackendInForce =
  | {
      readonly object: ServiceObject;
      readonly port: ServicePort;
      readonly routes: readonly Route[];
      readonly cluster: Cluster;
      readonly endpoints: readonly ClusterEndpoint[];
      /** What was pushed under its name; undefined where nothing was. */
      readonly record: PushedBackend['record'] | undefined;
    }
  | Pick<PushedBackend, 'record'>;

interface Known {
  readonly watched: Pick<WatchedServices, 'get' | 'values'>;
  readonly ingressHosts: Iterable<[host: string, translation: HostTranslation]>;
  readonly pushed: Pick<PushedSet, 'get' | 'backends'>;
  readonly clusters: Pick<ClusterRegistry, 'get'>;
}

/** The backends of watched Services, those of Ingresses, then the other pushed ones. Of one name there is one. */
export function backendsInForce({ watched, ingressHosts, pushed, clusters }: Known): BackendInForce[] {
  const backends = new Map<string, BackendInForce>();
  const add = (object: ServiceObject, port: ServicePort, cluster: Cluster, routes: readonly Route[]): void => {
    if (backends.has(cluster.name)) return;
    const inForce = clusters.get(cluster.id) ?? { cluster, endpoints: [] };
    backends.set(cluster.name, { object, port, routes, ...inForce, record: pushed.get(cluster.name)?.record });
  };
  for (const { object, translation } of watched.values()) {
    const { cluster, port, routes } = translation;
    if (cluster !== undefined && port !== undefined) add(object, port, cluster, routes);
  }
  for (const [, { destinations, routes }] of ingressHosts) {
    for (const { cluster, port } of destinations) {
      const object = watched.get(serviceKey(cluster.service))?.object;
      if (object === undefined || port === undefined) continue;
      add(
        object,
        port,
        cluster,
        routes.filter(route => route.cluster === cluster.id),
      );
    }
  }
  return [...backends.values(), ...pushed.backends.filter(({ name }) => !backends.has(name))];
}
