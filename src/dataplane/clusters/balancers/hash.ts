import type { Admission, Balancer, Candidate, PickRequest } from './balancer.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const TWO_TO_32 = 0x1_0000_0000;

/**
 * Rendezvous hashing: every endpoint has a score for a key, and the highest score takes the request. When an endpoint goes, only
 * its own keys move; when one comes, it takes its share of keys from all others, and no other key moves. All workers and all
 * replicas agree, because nothing is kept.
 */
export class RendezvousHash<E extends Candidate> implements Balancer<E> {
  readonly #keyOf: (request: PickRequest) => string;
  readonly #fallback: Balancer<E>;
  #endpoints: readonly E[] = [];
  #hashes: Int32Array = new Int32Array(0);
  #isEven = true;

  /**
   * @param keyOf the key of a request; empty where it has none
   * @param fallback takes requests without a key
   */
  constructor(keyOf: (request: PickRequest) => string, fallback: Balancer<E>) {
    this.#keyOf = keyOf;
    this.#fallback = fallback;
  }

  changed(endpoints: readonly E[]): void {
    this.#endpoints = endpoints;
    this.#hashes = Int32Array.from(endpoints, ({ id }) => hashOf(id));
    this.#isEven = endpoints.every(({ weight }) => weight === endpoints[0]?.weight);
    this.#fallback.changed(endpoints);
  }

  pick(request: PickRequest, admission: Admission<E>): E | undefined {
    const key = this.#keyOf(request);
    if (key === '') return this.#fallback.pick(request, admission);
    const hash = hashOf(key);
    let best: E | undefined;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < this.#endpoints.length; index += 1) {
      const endpoint = this.#endpoints[index] as E;
      const mixed = mix(hash ^ (this.#hashes[index] as number)) >>> 0;
      const score = this.#isEven ? mixed : weighted(mixed, endpoint.weight);
      if (score <= bestScore || !admission.admits(endpoint)) continue;
      best = endpoint;
      bestScore = score;
    }
    return best;
  }
}

/** With these scores, an endpoint is the highest with the probability of its share of all weights. */
function weighted(mixed: number, weight: number): number {
  return -weight / Math.log((mixed + 0.5) / TWO_TO_32);
}

/** FNV-1a of the text's UTF-16 units, mixed. */
function hashOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return mix(hash);
}

/** MurmurHash3's last step: each bit of the input changes each bit of the output with the probability of a half. */
function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
