import type { Admission, Balancer, Candidate, FirstByte, InFlight, PickRequest, Random } from './balancer.ts';
import { Lottery } from './lottery.ts';

/** So few endpoints are all looked at. */
const MAX_SCANNED = 4;
/** An endpoint that takes more than so many times as long as another one is slow. */
const SLOW = 2;

/**
 * The endpoint with fewer requests in flight, of two that are drawn at random: nearly as even as a look at all of them, and
 * requests that come together do not all go to the same one. Of two that are equally busy, one that is slow by far does not get one
 * request more: that one would wait there. Where there are few endpoints, all are compared.
 */
export class LeastRequest<E extends Candidate> implements Balancer<E> {
  readonly #inFlight: InFlight<E>;
  readonly #random: Random;
  readonly #firstByte: FirstByte<E>;
  readonly #lottery: Lottery<E>;
  #endpoints: readonly E[] = [];

  constructor(inFlight: InFlight<E>, random: Random, firstByte: FirstByte<E>) {
    this.#inFlight = inFlight;
    this.#random = random;
    this.#firstByte = firstByte;
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
    const load = this.#load(one as E);
    const otherLoad = this.#load(other);
    if (otherLoad !== load) return otherLoad < load ? other : one;
    // The first one was drawn at random, so it may win a tie.
    return load > 0 && this.#isSlow(one as E, other) ? other : one;
  }

  /** One that is idle is never slow: what has been measured may be long ago. */
  #isSlow(one: E, other: E): boolean {
    const otherTime = this.#firstByte(other);
    return otherTime > 0 && this.#firstByte(one) > SLOW * otherTime;
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
