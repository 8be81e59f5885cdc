import type { Admission, Balancer, Candidate, PickRequest, Random } from './balancer.ts';
import { hashOf, Rendezvous } from './rendezvous.ts';

/** Rendezvous hashing to several endpoints: those with the highest scores for a key share its requests, and chance decides among them. */
export class HashSubset<E extends Candidate> implements Balancer<E> {
  readonly #keyOf: (request: PickRequest) => string;
  readonly #size: number;
  readonly #fallback: Balancer<E>;
  readonly #random: Random;
  readonly #scores = new Rendezvous<E>();

  /**
   * @param keyOf the key of a request; empty where it has none
   * @param size how many endpoints share a key
   * @param fallback takes requests without a key
   */
  constructor(keyOf: (request: PickRequest) => string, size: number, fallback: Balancer<E>, random: Random) {
    this.#keyOf = keyOf;
    this.#size = size;
    this.#fallback = fallback;
    this.#random = random;
  }

  changed(endpoints: readonly E[]): void {
    this.#scores.changed(endpoints);
    this.#fallback.changed(endpoints);
  }

  pick(request: PickRequest, admission: Admission<E>): E | undefined {
    const key = this.#keyOf(request);
    if (key === '') return this.#fallback.pick(request, admission);
    const hash = hashOf(key);
    const { endpoints } = this.#scores;
    const ranked = endpoints.map((endpoint, index) => ({ endpoint, score: this.#scores.score(index, hash) }));
    ranked.sort((one, other) => other.score - one.score);
    const subset: E[] = [];
    for (const { endpoint } of ranked) {
      if (subset.length === this.#size) break;
      if (admission.admits(endpoint)) subset.push(endpoint);
    }
    return subset[Math.floor(this.#random() * subset.length)];
  }
}
