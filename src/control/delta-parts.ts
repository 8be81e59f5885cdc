import { arrivals, type Delta } from '../model/delta.ts';
import { portArrivals } from '../model/gateway-port.ts';
import type { ClusterId, ServiceRef } from '../model/route.ts';

/** What a delta says of one Service, and of nothing else. */
export interface DeltaPart {
  readonly delta: Delta;
  /** Undefined where a route goes. */
  readonly service: ServiceRef | undefined;
}

/**
 * The parts of a delta that can be applied one by one: what comes of TLS and of the ports of Gateways, each cluster with its routes,
 * then each route that goes. Clusters, hosts, ports and certificates that go are left out.
 */
export function* partsOf({ version, routes, clusters, endpoints, tls, ports }: Delta): Generator<DeltaPart> {
  const routesOf = Map.groupBy(routes.upserts, ({ cluster }) => cluster);
  const settingsOf = new Map(clusters.upserts.map(cluster => [cluster.id, cluster]));
  const endpointsOf = new Map(endpoints.map(set => [set.cluster, set]));
  const ids = new Set<ClusterId>([...settingsOf.keys(), ...endpointsOf.keys(), ...routesOf.keys()]);
  if (tls !== undefined) {
    const none = { upserts: [], removals: [] };
    const delta = { version, routes: none, clusters: none, endpoints: [], tls: arrivals(tls) };
    yield { delta, service: undefined };
  }
  if (ports !== undefined) {
    const none = { upserts: [], removals: [] };
    const delta = { version, routes: none, clusters: none, endpoints: [], ports: portArrivals(ports) };
    yield { delta, service: undefined };
  }
  for (const id of ids) {
    const [cluster, set, upserts = []] = [settingsOf.get(id), endpointsOf.get(id), routesOf.get(id)];
    const delta = {
      version,
      routes: { upserts, removals: [] },
      clusters: { upserts: cluster === undefined ? [] : [cluster], removals: [] },
      endpoints: set === undefined ? [] : [set],
    };
    yield { delta, service: cluster?.service ?? upserts[0]?.service };
  }
  for (const place of routes.removals) {
    const delta = {
      version,
      routes: { upserts: [], removals: [place] },
      clusters: { upserts: [], removals: [] },
      endpoints: [],
    };
    yield { delta, service: undefined };
  }
}
