import type { RouteLedger } from '../../routing/ledger.ts';
import type { ClusterRegistry } from './cluster-registry.ts';
import type { PushedBackends } from './pushed-backends.ts';
import { pushedOwner } from './pushed-set.ts';
import type { WatchedServices } from './watched-services.ts';

interface PushedRoutesOptions {
  readonly pushed: PushedBackends;
  readonly watched: WatchedServices;
  readonly clusters: ClusterRegistry;
  readonly ledger: RouteLedger;
}

/** The routes of pushed backends: one makes some of its own only while no watched Service has its name. */
export class PushedRoutes {
  readonly #options: PushedRoutesOptions;
  /** Names of pushed backends whose routes may have to come or go. */
  readonly #unsettled = new Set<string>();

  constructor(options: PushedRoutesOptions) {
    this.#options = options;
  }

  /** A backend has come, changed or gone. */
  touch(name: string): void {
    this.#unsettled.add(name);
  }

  /** Claims places for the backends that have changed, or whose names Services have taken or given back. */
  settle(): void {
    for (const name of this.#options.watched.takeRenamed()) this.#unsettled.add(name);
    for (const name of this.#unsettled) this.#settle(name);
    this.#unsettled.clear();
  }

  #settle(name: string): void {
    const { pushed, watched, clusters, ledger } = this.#options;
    const { set } = pushed;
    const owner = pushedOwner(name);
    const translation = watched.hasBackend(name) ? undefined : pushed.translationOf(name);
    const { routes = [], cluster, endpoints = [] } = translation ?? {};
    const own = cluster && set.applied({ cluster: { ...cluster, id: owner, name }, endpoints });
    const inForce = own === undefined ? set.alternative(name) : { cluster: own.cluster, endpoints };
    if (inForce === undefined) clusters.delete(owner);
    else clusters.set(inForce.cluster, inForce.endpoints);
    ledger.set(
      owner,
      set.routes(
        name,
        routes.map(route => ({ ...route, cluster: owner })),
      ),
    );
  }
}
