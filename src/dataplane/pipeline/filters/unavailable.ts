import type { UnavailablePolicy } from '../../../model/policy.ts';
import { type Filter, Refusal } from './filter.ts';

/** Refuses all requests, because a policy that protects the route cannot be had. */
export class Unavailable implements Filter {
  readonly #refusal: Refusal;

  constructor({ of, why, status }: UnavailablePolicy) {
    this.#refusal = new Refusal('policy_unavailable', of === undefined ? why : `${of}: ${why}`, [], status);
  }

  request(): Refusal {
    return this.#refusal;
  }
}
