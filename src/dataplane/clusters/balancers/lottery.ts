import type { Admission, Candidate, Random } from './balancer.ts';

/** After so many endpoints that were drawn in vain, few can be admitted, and a look at all of them costs less. */
const MAX_DRAWS = 16;

/** Draws endpoints at random, each as often as its weight says. */
export class Lottery<E extends Candidate> {
  readonly #random: Random;
  #endpoints: readonly E[] = [];
  #maxWeight = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  changed(endpoints: readonly E[]): void {
    this.#endpoints = endpoints;
    this.#maxWeight = endpoints.reduce((max, { weight }) => Math.max(max, weight), 0);
  }

  /** @param except an endpoint that was drawn before */
  draw(admission: Admission<E>, except?: E): E | undefined {
    const endpoints = this.#endpoints;
    const { length } = endpoints;
    for (let draws = 0; draws < MAX_DRAWS && length > 0; draws += 1) {
      const endpoint = endpoints[Math.floor(this.#random() * length)] as E;
      if (endpoint !== except && this.#keeps(endpoint) && admission.admits(endpoint)) return endpoint;
    }
    const start = Math.floor(this.#random() * length);
    for (let step = 0; step < length; step += 1) {
      const endpoint = endpoints[(start + step) % length] as E;
      if (endpoint !== except && admission.admits(endpoint)) return endpoint;
    }
    return undefined;
  }

  /** Every endpoint is drawn equally often; of the lighter ones, part of the draws is thrown away. */
  #keeps({ weight }: E): boolean {
    return weight === this.#maxWeight || this.#random() * this.#maxWeight < weight;
  }
}
