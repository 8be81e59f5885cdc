import type { PublishedCluster, PublishedDelta, PublishedEndpointSet, PublishedRoute } from '../model/delta.ts';
import { type ClusterId, type Place, routeKey } from '../model/route.ts';
import { PendingPorts } from './pending-ports.ts';
import { PendingTls } from './pending-tls.ts';

type PlaceState = PublishedRoute | Place;

/**
 * Several deltas as one: of each place, each cluster, each set of endpoints, each host of the TLS port, each port of a Gateway and each
 * certificate the newest.
 */
export class PendingDelta {
  #version = 0;
  /** By route key: a route, or a place without one. */
  readonly #places = new Map<string, PlaceState>();
  /** Undefined: no route leads to it now. */
  readonly #clusters = new Map<ClusterId, PublishedCluster | undefined>();
  readonly #endpoints = new Map<ClusterId, PublishedEndpointSet>();
  #tls: PendingTls | undefined;
  #ports: PendingPorts | undefined;

  add({ version, routes, clusters, endpoints, tls, ports }: PublishedDelta): void {
    this.#version = version;
    for (const place of routes.removals) this.#places.set(routeKey(place), place);
    for (const route of routes.upserts) this.#places.set(routeKey(route), route);
    for (const published of clusters.upserts) this.#clusters.set(published.cluster.id, published);
    for (const set of endpoints) this.#endpoints.set(set.cluster, set);
    for (const id of clusters.removals) {
      this.#clusters.set(id, undefined);
      this.#endpoints.delete(id);
    }
    if (tls !== undefined) {
      this.#tls ??= new PendingTls();
      this.#tls.add(tls);
    }
    if (ports !== undefined) {
      this.#ports ??= new PendingPorts();
      this.#ports.add(ports);
    }
  }

  toDelta(): PublishedDelta {
    const places = [...this.#places.values()];
    const clusters = [...this.#clusters];
    return {
      version: this.#version,
      routes: {
        upserts: places.filter(place => isRoute(place)),
        removals: places.filter(place => !isRoute(place)),
      },
      clusters: {
        upserts: clusters.flatMap(([, published]) => published ?? []),
        removals: clusters.flatMap(([id, published]) => (published === undefined ? id : [])),
      },
      endpoints: [...this.#endpoints.values()],
      ...(this.#tls && { tls: this.#tls.toChanges() }),
      ...(this.#ports && { ports: this.#ports.toChanges() }),
    };
  }
}

function isRoute(place: PlaceState): place is PublishedRoute {
  return 'cluster' in place;
}
