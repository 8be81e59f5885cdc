import type { Endpoint } from '../../model/route.ts';
import { keyOf, type UpstreamPool } from './upstream-pool.ts';

/** An endpoint of a cluster, with the pool of its connections. */
export interface EndpointState extends Endpoint {
  /** The pool that was used last; undefined before the first request. */
  pool: UpstreamPool | undefined;
}

/** What a worker knows of the endpoints behind one or more routes. It survives changes of the routes and of the endpoints. */
export class ClusterState {
  /** In the order in which they take turns. */
  #endpoints: readonly EndpointState[] = [];
  #turn = 0;

  get endpoints(): readonly EndpointState[] {
    return this.#endpoints;
  }

  /** Replaces the endpoints; those that stay keep their state. */
  update(endpoints: readonly Endpoint[]): void {
    if (isSame(this.#endpoints, endpoints)) return;
    const known = new Map(this.#endpoints.map(endpoint => [keyOf(endpoint), endpoint]));
    const isFirst = known.size === 0;
    this.#endpoints = endpoints.map(endpoint => {
      const { address, port } = endpoint;
      return known.get(keyOf(endpoint)) ?? { address, port, pool: undefined };
    });
    // Workers begin at different endpoints: after a start, the first would else get the first request of each.
    if (isFirst) this.#turn = Math.floor(Math.random() * endpoints.length);
  }

  /** The endpoint whose turn it is; undefined when there is none. */
  next(): EndpointState | undefined {
    const endpoints = this.#endpoints;
    if (endpoints.length <= 1) return endpoints[0];
    const turn = this.#turn < endpoints.length ? this.#turn : 0;
    this.#turn = turn + 1;
    return endpoints[turn];
  }

  /** The endpoint for a second attempt: the one behind the first attempt's, which is the same where there is only one. */
  after(endpoint: Endpoint): EndpointState | undefined {
    const key = keyOf(endpoint);
    const index = this.#endpoints.findIndex(one => keyOf(one) === key);
    return this.#endpoints[(index + 1) % this.#endpoints.length];
  }
}

function isSame(some: readonly Endpoint[], others: readonly Endpoint[]): boolean {
  return some.length === others.length && some.every((one, index) => keyOf(one) === keyOf(others[index] ?? one));
}
