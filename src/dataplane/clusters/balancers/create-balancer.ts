import type { Balance } from '../../../model/cluster.ts';
import type { Balancer, Candidate, FirstByte, InFlight, Random } from './balancer.ts';
import { Ewma } from './ewma.ts';
import { RendezvousHash } from './hash.ts';
import { hashKeyOf } from './hash-key.ts';
import { HashSubset } from './hash-subset.ts';
import { LeastRequest } from './least-request.ts';
import { RoundRobin } from './round-robin.ts';

export interface BalancerInputs<E> {
  readonly inFlight: InFlight<E>;
  readonly firstByte: FirstByte<E>;
  readonly random: Random;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

export function createBalancer<E extends Candidate>(balance: Balance, inputs: BalancerInputs<E>): Balancer<E> {
  const { inFlight, firstByte, random, now } = inputs;
  switch (balance.policy) {
    case 'ewma':
      return new Ewma(inFlight, random, now);
    case 'hash': {
      const keyOf = hashKeyOf(balance.key);
      const fallback = new LeastRequest<E>(inFlight, random, firstByte);
      return balance.subset === undefined
        ? new RendezvousHash(keyOf, fallback)
        : new HashSubset(keyOf, balance.subset, fallback, random);
    }
    case 'round-robin':
      return new RoundRobin(random);
    case 'least-request':
    case 'service':
      return new LeastRequest(inFlight, random, firstByte);
  }
}
