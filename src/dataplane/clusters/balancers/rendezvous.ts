import type { Candidate } from './balancer.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const TWO_TO_32 = 0x1_0000_0000;

/** The scores of rendezvous hashing: every endpoint has one for a key. All workers and all replicas agree, because nothing is kept. */
export class Rendezvous<E extends Candidate> {
  endpoints: readonly E[] = [];
  #hashes: Int32Array = new Int32Array(0);
  #isEven = true;

  changed(endpoints: readonly E[]): void {
    this.endpoints = endpoints;
    this.#hashes = Int32Array.from(endpoints, ({ id }) => hashOf(id));
    this.#isEven = endpoints.every(({ weight }) => weight === endpoints[0]?.weight);
  }

  /** @param index of the endpoint @param hash of the key */
  score(index: number, hash: number): number {
    const mixed = mix(hash ^ (this.#hashes[index] as number)) >>> 0;
    return this.#isEven ? mixed : weighted(mixed, (this.endpoints[index] as E).weight);
  }
}

/** With these scores, an endpoint is the highest with the probability of its share of all weights. */
function weighted(mixed: number, weight: number): number {
  return -weight / Math.log((mixed + 0.5) / TWO_TO_32);
}

/** FNV-1a of the text's UTF-16 units, mixed. */
export function hashOf(text: string): number {
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
