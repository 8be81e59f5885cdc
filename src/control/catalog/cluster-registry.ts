import { isDeepStrictEqual } from 'node:util';
import type { Cluster, ClusterEndpoint, ClusterInForce, EndpointSet } from '../../model/cluster.ts';
import type { Delta } from '../../model/delta.ts';
import { type ClusterId, clustersOf, type Route } from '../../model/route.ts';

interface Known {
  readonly cluster: Cluster;
  readonly set: EndpointSet;
}

/** What leads to clusters. */
type Leading = Pick<Route, 'cluster' | 'canary' | 'policies'>;

/** A cluster that routes lead to. */
interface Served {
  /** How many routes that are served. */
  uses: number;
  /** As the workers have it; undefined until the next {@link ClusterRegistry.commit}. */
  known: Known | undefined;
}

/** The clusters that sources know, and which of them routes lead to: workers have those, and no others. */
export class ClusterRegistry {
  readonly #known = new Map<ClusterId, Known>();
  readonly #served = new Map<ClusterId, Served>();
  /** Clusters that may have changed since the workers got them. */
  readonly #changed = new Set<ClusterId>();
  #revision = 0;

  get(id: ClusterId): ClusterInForce | undefined {
    const known = this.#lookUp(id);
    return known && { cluster: known.cluster, endpoints: known.set.endpoints };
  }

  /** A cluster as it is now. */
  set(cluster: Cluster, endpoints: readonly ClusterEndpoint[]): void {
    const { id } = cluster;
    const before = this.#lookUp(id);
    const isSame = before !== undefined && isDeepStrictEqual(cluster, before.cluster);
    this.#put(before, isSame ? before.cluster : cluster, endpoints);
  }

  /** The endpoints of a cluster as they are now. */
  setEndpoints(id: ClusterId, endpoints: readonly ClusterEndpoint[]): void {
    const before = this.#known.get(id);
    if (before !== undefined) this.#put(before, before.cluster, endpoints);
  }

  /** No source knows it any longer. */
  delete(id: ClusterId): void {
    this.#known.delete(id);
  }

  /**
   * @param come routes that are served from now on, and hosts whose bytes are passed through
   * @param gone those that are no longer served, those among them that others replace
   * @returns what this changes for the workers, with all that has changed since the last time
   */
  commit(come: readonly Leading[], gone: readonly Leading[]): Pick<Delta, 'clusters' | 'endpoints'> {
    for (const route of come) this.#useAll(route, 1);
    for (const route of gone) this.#useAll(route, -1);
    const upserts: Cluster[] = [];
    const removals: ClusterId[] = [];
    const endpoints: EndpointSet[] = [];
    for (const id of this.#changed) {
      const served = this.#served.get(id);
      if (served?.uses === 0) {
        this.#served.delete(id);
        if (served.known !== undefined) removals.push(id);
        continue;
      }
      const known = this.#lookUp(id);
      if (served === undefined || known === undefined) continue;
      if (known.cluster !== served.known?.cluster) upserts.push(known.cluster);
      if (known.set !== served.known?.set) endpoints.push(known.set);
      served.known = known;
    }
    this.#changed.clear();
    return { clusters: { upserts, removals }, endpoints };
  }

  /** What a source says of a cluster; where no source knows it, what the workers have. */
  #lookUp(id: ClusterId): Known | undefined {
    return this.#known.get(id) ?? this.#served.get(id)?.known;
  }

  /** What is the same as before stays the same object. */
  #put(before: Known | undefined, cluster: Cluster, endpoints: readonly ClusterEndpoint[]): void {
    const { id } = cluster;
    const kept = before === undefined ? endpoints : withKept(endpoints, before.set.endpoints);
    const isSame = kept === before?.set.endpoints;
    if (before !== undefined && isSame && cluster === before.cluster) {
      this.#known.set(id, before);
      return;
    }
    if (!isSame) this.#revision += 1;
    const set =
      before !== undefined && isSame ? before.set : { cluster: id, revision: this.#revision, endpoints: kept };
    this.#known.set(id, { cluster, set });
    this.#changed.add(id);
  }

  #useAll(leading: Leading, change: 1 | -1): void {
    for (const id of clustersOf(leading)) this.#use(id, change);
  }

  #use(id: ClusterId, change: 1 | -1): void {
    const served = this.#served.get(id);
    if (served === undefined) this.#served.set(id, { uses: change, known: undefined });
    else served.uses += change;
    this.#changed.add(id);
  }
}

/**
 * Endpoints that are as they were stay the same objects: new ones, of thousands that are replaced many times a second, would
 * fill the old generation.
 * @returns `before` where nothing is otherwise
 */
function withKept(
  endpoints: readonly ClusterEndpoint[],
  before: readonly ClusterEndpoint[],
): readonly ClusterEndpoint[] {
  let next = 0;
  let kept = 0;
  const list = endpoints.map(endpoint => {
    // Where one has gone or come, the others are in the same order.
    const place = isSame(endpoint, before[next]) ? next : next + 1;
    const known = before[place];
    if (known === undefined || (place > next && !isSame(endpoint, known))) return endpoint;
    next = place + 1;
    kept += 1;
    return known;
  });
  return kept === endpoints.length && kept === before.length ? before : list;
}

/** Written out, because there may be thousands, many times a second. */
function isSame(one: ClusterEndpoint, other: ClusterEndpoint | undefined): boolean {
  return (
    one.id === other?.id &&
    one.address === other.address &&
    one.port === other.port &&
    one.state === other.state &&
    one.weight === other.weight &&
    one.pod === other.pod &&
    one.zone === other.zone
  );
}
