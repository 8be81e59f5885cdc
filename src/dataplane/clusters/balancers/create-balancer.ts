import type { Balance } from '../../../model/cluster.ts';
import type { Balancer, Candidate, InFlight, Random } from './balancer.ts';
import { Ewma } from './ewma.ts';
import { RendezvousHash } from './hash.ts';
import { hashKeyOf } from './hash-key.ts';
import { LeastRequest } from './least-request.ts';
import { RoundRobin } from './round-robin.ts';

export interface BalancerInputs<E> {
  readonly inFlight: InFlight<E>;
  readonly random: Random;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

export function createBalancer<E extends Candidate>(balance: Balance, inputs: BalancerInputs<E>): Balancer<E> {
  const { inFlight, random, now } = inputs;
  switch (balance.policy) {
    case 'ewma':
      return new Ewma(inFlight, random, now);
    case 'hash':
      return new RendezvousHash(hashKeyOf(balance.key), new LeastRequest(inFlight, random));
    case 'round-robin':
      return new RoundRobin(random);
    case 'least-request':
    case 'service':
      return new LeastRequest(inFlight, random);
  }
}
