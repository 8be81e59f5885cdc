import type { TableDelta } from '../model/delta.ts';
import { type Route, serviceKey } from '../model/route.ts';
import { RouteTable } from '../routing/table.ts';
import { ClusterState } from './clusters/cluster-state.ts';
import { CompiledRoute } from './compiled-route.ts';

/** A table as a worker serves it. */
export type CompiledTable = RouteTable<CompiledRoute>;

/** Compiles the routes of a worker, and keeps the state of each cluster for as long as a route leads to it. */
export class RouteCompiler {
  readonly #clusters = new Map<string, ClusterState>();
  /** By cluster key, how many routes lead to it. */
  readonly #routes = new Map<string, number>();

  /** @returns the table with the change */
  apply(table: CompiledTable | undefined, { version, upserts, removals }: TableDelta): CompiledTable {
    const before = table ?? RouteTable.of<CompiledRoute>([], 0);
    const compiled = upserts.map(route => this.#compile(route));
    for (const place of [...upserts, ...removals]) this.#release(before.get(place));
    return before.apply({ version, upserts: compiled, removals });
  }

  #compile(route: Route): CompiledRoute {
    const key = clusterKey(route);
    const cluster = this.#clusters.get(key) ?? new ClusterState();
    this.#clusters.set(key, cluster);
    this.#routes.set(key, (this.#routes.get(key) ?? 0) + 1);
    cluster.update(route.backend.endpoints);
    return new CompiledRoute(route, cluster);
  }

  #release(route: CompiledRoute | undefined): void {
    if (route === undefined) return;
    const key = clusterKey(route);
    const count = (this.#routes.get(key) ?? 0) - 1;
    if (count > 0) {
      this.#routes.set(key, count);
    } else {
      this.#routes.delete(key);
      this.#clusters.delete(key);
    }
  }
}

/** The backend's name alone is not unique: `a-b` and `c`, `a` and `b-c` make the same one. */
function clusterKey({ service, backend }: Route): string {
  return `${serviceKey(service)} ${backend.name}`;
}
