import type { Admission, Balancer, Candidate, PickRequest, Random } from './balancer.ts';

/** With unequal weights, a start is found by as many turns, at most. */
const MAX_START_TURNS = 100;

const ALL: Admission<unknown> = { admits: () => true };

/**
 * Endpoints in turn. With unequal weights the turns of one endpoint are spread evenly among those of the others, as in nginx: each
 * turn adds every endpoint's weight to its balance, and the endpoint with the most pays the sum of all for its turn. Each worker begins
 * at a random place: otherwise the first endpoint would get the first request of every worker.
 */
export class RoundRobin<E extends Candidate> implements Balancer<E> {
  readonly #random: Random;
  #endpoints: readonly E[] = [];
  /** All weights are the same, so that endpoints simply follow each other. */
  #isEven = true;
  #turn = 0;
  #balances: number[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  changed(endpoints: readonly E[]): void {
    const isFirst = this.#endpoints.length === 0;
    const [next] = this.#endpoints.slice(this.#turn);
    const balances = new Map(this.#endpoints.map(({ id }, index) => [id, this.#balances[index]]));
    this.#endpoints = endpoints;
    this.#isEven = endpoints.every(({ weight }) => weight === endpoints[0]?.weight);
    this.#balances = endpoints.map(({ id }) => balances.get(id) ?? 0);
    const start = Math.floor(this.#random() * endpoints.length);
    // The endpoint whose turn it was keeps its turn.
    const kept = endpoints.findIndex(({ id }) => id === next?.id);
    this.#turn = kept >= 0 ? kept : start;
    if (!isFirst || this.#isEven) return;
    for (let turn = 0; turn < Math.min(start, MAX_START_TURNS); turn += 1) this.#heaviest(ALL);
  }

  pick(_request: PickRequest, admission: Admission<E>): E | undefined {
    return this.#isEven ? this.#next(admission) : this.#heaviest(admission);
  }

  #next(admission: Admission<E>): E | undefined {
    const { length } = this.#endpoints;
    for (let step = 0; step < length; step += 1) {
      const endpoint = this.#endpoints[this.#turn] as E;
      this.#turn = (this.#turn + 1) % length;
      if (admission.admits(endpoint)) return endpoint;
    }
    return undefined;
  }

  #heaviest(admission: Admission<E>): E | undefined {
    const balances = this.#balances;
    let best = -1;
    let sum = 0;
    for (const [index, endpoint] of this.#endpoints.entries()) {
      if (!admission.admits(endpoint)) continue;
      sum += endpoint.weight;
      balances[index] = (balances[index] as number) + endpoint.weight;
      if (best < 0 || (balances[index] as number) > (balances[best] as number)) best = index;
    }
    if (best >= 0) balances[best] = (balances[best] as number) - sum;
    return this.#endpoints[best];
  }
}
