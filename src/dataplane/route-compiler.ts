import type { PublishedDelta, PublishedRoute, TableDelta } from '../model/delta.ts';
import type { ClusterId, WeightedBackend } from '../model/route.ts';
import { RouteTable } from '../routing/table.ts';
import type { ClusterContext } from './clusters/balancing.ts';
import { ClusterState } from './clusters/cluster-state.ts';
import { type BackendParts, CompiledRoute } from './compiled-route.ts';
import { IngressCompiler } from './ingress-compiler.ts';
import type { FilterServices } from './pipeline/filters/filter-services.ts';
import { FilterCompiler } from './pipeline/filters/filters.ts';

/** A table as a worker serves it. */
export type CompiledTable = RouteTable<CompiledRoute>;

/** Compiles the routes of a worker, and keeps the state of each cluster until the main thread takes the cluster back. */
export class RouteCompiler {
  readonly #context: ClusterContext;
  readonly #clusters = new Map<ClusterId, ClusterState>();
  readonly #filters: FilterCompiler;
  readonly #ingresses = new IngressCompiler();

  constructor(context: ClusterContext, services: FilterServices) {
    this.#context = context;
    this.#filters = new FilterCompiler(services);
  }

  /** Undefined for a cluster that has gone, or has not come. */
  cluster(id: ClusterId): ClusterState | undefined {
    return this.#clusters.get(id);
  }

  /**
   * First the clusters and their endpoints, then the routes, last what goes: each step may be done again, and where one throws,
   * the table of before goes on.
   * @returns the table with the change
   */
  apply(table: CompiledTable | undefined, { version, routes, clusters, endpoints }: PublishedDelta): CompiledTable {
    for (const published of clusters.upserts) {
      const known = this.#clusters.get(published.cluster.id);
      if (known === undefined) this.#clusters.set(published.cluster.id, new ClusterState(published, this.#context));
      else known.change(published);
    }
    for (const set of endpoints) this.#clusters.get(set.cluster)?.update(set);
    const after = this.#applyRoutes(table, { version, ...routes });
    for (const id of clusters.removals) {
      this.#clusters.get(id)?.close();
      this.#clusters.delete(id);
    }
    return after;
  }

  #applyRoutes(table: CompiledTable | undefined, delta: TableDelta<PublishedRoute>): CompiledTable {
    const before = table ?? RouteTable.of<CompiledRoute>([], 0);
    return before.apply({ ...delta, upserts: delta.upserts.map(route => this.#compile(route)) });
  }

  #compile(route: PublishedRoute): CompiledRoute {
    const canary = route.canary && this.#clusters.get(route.canary.cluster);
    const ingress = route.ingress && this.#ingresses.compile(route.ingress);
    const [first, ...others] = this.#backendsOf(route);
    // Nothing is chosen where there is one.
    if (first !== undefined && others.length === 0) return new CompiledRoute(route, { ...first, canary, ingress });
    const cluster = this.#clusterOf(route);
    const filters = this.#filters.compile(route.policies);
    if (first === undefined) return new CompiledRoute(route, { cluster, canary, filters, ingress });
    const backends = [first, ...others];
    return new CompiledRoute(route, { cluster, canary, filters, ingress, backends, start: this.#context.random() });
  }

  /** Those that get requests. */
  #backendsOf({ backends = [], policies }: PublishedRoute): BackendParts[] {
    return backends
      .filter(({ weight }) => weight > 0)
      .map(backend => ({
        cluster: this.#clusterOf(backend),
        filters: this.#filters.compile(policies, backend.policies),
        weight: backend.weight,
      }));
  }

  #clusterOf({ cluster: id }: Pick<WeightedBackend, 'cluster'>): ClusterState {
    const cluster = this.#clusters.get(id);
    if (cluster === undefined) throw new Error(`a route leads to the cluster ${id}, which did not come`);
    return cluster;
  }
}
