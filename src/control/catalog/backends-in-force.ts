import type { Cluster, ClusterEndpoint } from '../../model/cluster.ts';
import { type Canary, type CanaryRule, type ClusterId, type Route, serviceKey } from '../../model/route.ts';
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
      /** Which requests of others it takes; absent: none. */
      readonly shaping?: CanaryRule;
      /** The name of the backend that takes some of its requests; absent: none does. */
      readonly alternative?: string;
    }
  | Pick<PushedBackend, 'record'>;

interface Known {
  readonly watched: Pick<WatchedServices, 'get' | 'values'>;
  readonly ingressHosts: Iterable<[host: string, translation: HostTranslation]>;
  readonly pushed: Pick<PushedSet, 'get' | 'backends'>;
  readonly clusters: Pick<ClusterRegistry, 'get'>;
  /** The canary of a watched Service. @param key of the Service */
  readonly canaryOf: (key: string) => Canary | undefined;
}

/** The backends of watched Services, those of Ingresses, then the other pushed ones. Of one name there is one. */
export function backendsInForce({ watched, ingressHosts, pushed, clusters, canaryOf }: Known): BackendInForce[] {
  const backends = new Map<string, BackendInForce>();
  const canaries = new Map<ClusterId, Canary>();
  const add = (object: ServiceObject, port: ServicePort, cluster: Cluster, routes: readonly Route[]): void => {
    if (backends.has(cluster.name)) return;
    const inForce = clusters.get(cluster.id) ?? { cluster, endpoints: [] };
    backends.set(cluster.name, { object, port, routes, ...inForce, record: pushed.get(cluster.name)?.record });
  };
  for (const { object, translation } of watched.values()) {
    const { routes, canary: claim, referred = [] } = translation;
    // A canary need have no routes of its own.
    const asCanary = referred.find(destination => destination.cluster.id === claim?.canary.cluster);
    const cluster = translation.cluster ?? asCanary?.cluster;
    const port = translation.port ?? asCanary?.port;
    if (cluster === undefined || port === undefined) continue;
    add(object, port, cluster, routes);
    const canary = canaryOf(serviceKey(cluster.service));
    if (canary !== undefined) canaries.set(cluster.id, canary);
  }
  for (const [, { destinations, routes }] of ingressHosts) {
    for (const { cluster, canary } of routes) if (canary !== undefined) canaries.set(cluster, canary);
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
  const shapings = new Map([...canaries.values()].map(({ cluster, ...rule }) => [cluster, rule]));
  const shown = [...backends.values()].map((backend): BackendInForce => {
    if (!('cluster' in backend)) return backend;
    const shaping = shapings.get(backend.cluster.id);
    const taking = canaries.get(backend.cluster.id)?.cluster;
    const alternative = taking === undefined ? undefined : clusters.get(taking)?.cluster.name;
    return { ...backend, ...(shaping && { shaping }), ...(alternative !== undefined && { alternative }) };
  });
  return [...shown, ...pushed.backends.filter(({ name }) => !backends.has(name))];
}
