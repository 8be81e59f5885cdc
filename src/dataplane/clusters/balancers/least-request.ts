import type { Admission, Balancer, Candidate, InFlight, PickRequest, Random } from './balancer.ts';
import { Lottery } from './lottery.ts';

/** So few endpoints are all looked at. */
const MAX_SCANNED = 4;

/**
 * The endpoint with fewer requests in flight, of two that are drawn at random: nearly as even as a look at all of them, and
 * requests that come together do not all go to the same one. Where there are few endpoints, all are compared.
 */
export class LeastRequest<E extends Candidate> implements Balancer<E> {
  readonly #inFlight: InFlight<E>;
  readonly #random: Random;
  readonly #lottery: Lottery<E>;
  #endpoints: readonly E[] = [];

  constructor(inFlight: InFlight<E>, random: Random) {
    this.#inFlight = inFlight;
    this.#random = random;
    this.#lottery = new Lottery(random);
  }

  changed(endpoints: readonly E[]): void {
    this.#endpoints = endpoints;
    this.#lottery.changed(endpoints);
  }

  pick(_request: PickRequest, admission: Admission<E>): E | undefined {
    return this.#endpoints.length <= MAX_SCANNED ? this.#scan(admission) : this.#lessOfTwo(admission);
  }

  #lessOfTwo(admission: Admission<E>): E | undefined {
    const one = this.#lottery.draw(admission);
    const other = one && this.#lottery.draw(admission, one);
    if (other === undefined) return one;
    // The first one was drawn at random, so it may win a tie.
    return this.#load(other) < this.#load(one as E) ? other : one;
  }

  #scan(admission: Admission<E>): E | undefined {
    let best: E | undefined;
    let bestLoad = 0;
    /** Of the endpoints that share the least load. */
    let weight = 0;
    for (const endpoint of this.#endpoints) {
      if (!admission.admits(endpoint)) continue;
      const load = this.#load(endpoint);
      const isLess = best === undefined || load < bestLoad;
      if (!isLess && load > bestLoad) continue;
      weight = isLess ? endpoint.weight : weight + endpoint.weight;
      // A tie: each of them wins with the probability of its share of their weight.
      if (!isLess && this.#random() * weight >= endpoint.weight) continue;
      best = endpoint;
      bestLoad = load;
    }
    return best;
  }

  #load(endpoint: E): number {
    return this.#inFlight(endpoint) / endpoint.weight;
  }
}
