import type { Admission, Balancer, Candidate, PickRequest } from './balancer.ts';
import { hashOf, Rendezvous } from './rendezvous.ts';

/**
 * Rendezvous hashing: the endpoint with the highest score for the key takes the request. When an endpoint goes, only its own keys
 * move; when one comes, it takes its share of keys from all others, and no other key moves.
 */
export class RendezvousHash<E extends Candidate> implements Balancer<E> {
  readonly #keyOf: (request: PickRequest) => string;
  readonly #fallback: Balancer<E>;
  readonly #scores = new Rendezvous<E>();

  /**
   * @param keyOf the key of a request; empty where it has none
   * @param fallback takes requests without a key
   */
  constructor(keyOf: (request: PickRequest) => string, fallback: Balancer<E>) {
    this.#keyOf = keyOf;
    this.#fallback = fallback;
  }

  changed(endpoints: readonly E[]): void {
    this.#scores.changed(endpoints);
    this.#fallback.changed(endpoints);
  }

  pick(request: PickRequest, admission: Admission<E>): E | undefined {
    const key = this.#keyOf(request);
    if (key === '') return this.#fallback.pick(request, admission);
    const hash = hashOf(key);
    let best: E | undefined;
    let bestScore = Number.NEGATIVE_INFINITY;
    const { endpoints } = this.#scores;
    for (let index = 0; index < endpoints.length; index += 1) {
      const endpoint = endpoints[index] as E;
      const score = this.#scores.score(index, hash);
      if (score <= bestScore || !admission.admits(endpoint)) continue;
      best = endpoint;
      bestScore = score;
    }
    return best;
  }
}
