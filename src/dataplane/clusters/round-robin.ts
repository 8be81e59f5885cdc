import type { Backend, Endpoint } from '../../model/route.ts';

/** Picks the endpoints of a backend in turn; each worker has its own turn. */
export class RoundRobin {
  readonly #turns = new WeakMap<readonly Endpoint[], number>();

  /** The endpoint whose turn it is, and the next one for a second attempt; undefined without endpoints. */
  next({ endpoints }: Backend): readonly [first: Endpoint, second: Endpoint] | undefined {
    const [only] = endpoints;
    if (only === undefined) return undefined;
    if (endpoints.length === 1) return [only, only];
    const turn = (this.#turns.get(endpoints) ?? Math.floor(Math.random() * endpoints.length)) % endpoints.length;
    this.#turns.set(endpoints, turn + 1);
    const first = endpoints[turn] ?? only;
    return [first, endpoints[(turn + 1) % endpoints.length] ?? first];
  }
}
