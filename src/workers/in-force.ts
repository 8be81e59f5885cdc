import type { EndpointSet } from '../model/cluster.ts';
import type { Delta, PublishedCluster, PublishedDelta, ServedCluster } from '../model/delta.ts';
import type { ClusterId, Route } from '../model/route.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import { RouteTable } from '../routing/table.ts';
import { CounterBlocks } from './counter-blocks.ts';

/** The state that workers are to have: the table, its clusters and their endpoints. */
export class InForce {
  readonly #blocks: CounterBlocks;
  readonly #clusters = new Map<ClusterId, PublishedCluster>();
  readonly #endpoints = new Map<ClusterId, EndpointSet>();
  #table: RouteTable | undefined;

  constructor(board: CounterBoard) {
    this.#blocks = new CounterBlocks(board);
  }

  /** Undefined before the first. */
  get table(): RouteTable | undefined {
    return this.#table;
  }

  cluster(id: ClusterId): ServedCluster | undefined {
    const published = this.#clusters.get(id);
    return published && { ...published, endpoints: this.#endpoints.get(id)?.endpoints ?? [] };
  }

  /** @returns the change as workers get it. Where it throws, nothing has changed */
  apply(delta: Delta): PublishedDelta {
    const { version, routes, clusters, endpoints } = delta;
    const upserts = clusters.upserts.map(cluster => ({ cluster, counterBlock: this.#blocks.assign(cluster.service) }));
    const table = (this.#table ?? RouteTable.EMPTY).apply({ version, ...routes });
    const known = new Set(upserts.map(({ cluster }) => cluster.id));
    for (const route of routes.upserts) this.#assertCluster(route, known);
    this.#table = table;
    for (const published of upserts) this.#put(published);
    for (const set of endpoints) this.#endpoints.set(set.cluster, set);
    for (const id of clusters.removals) this.#remove(id);
    return { version, routes, clusters: { upserts, removals: clusters.removals }, endpoints };
  }

  /** All of it, for a worker that starts with nothing; undefined before the first table. */
  snapshot(): PublishedDelta | undefined {
    const table = this.#table;
    return (
      table && {
        version: table.version,
        routes: { upserts: [...table.routes()], removals: [] },
        clusters: { upserts: [...this.#clusters.values()], removals: [] },
        endpoints: [...this.#endpoints.values()],
      }
    );
  }

  /** A worker could not serve it. */
  #assertCluster({ cluster }: Route, coming: ReadonlySet<ClusterId>): void {
    if (!coming.has(cluster) && !this.#clusters.has(cluster)) throw new Error(`there is no cluster ${cluster}`);
  }

  #put(published: PublishedCluster): void {
    const { id, service } = published.cluster;
    if (!this.#clusters.has(id)) this.#blocks.count(service, 1);
    this.#clusters.set(id, published);
  }

  #remove(id: ClusterId): void {
    const published = this.#clusters.get(id);
    if (published === undefined) return;
    this.#clusters.delete(id);
    this.#endpoints.delete(id);
    this.#blocks.count(published.cluster.service, -1);
  }
}
