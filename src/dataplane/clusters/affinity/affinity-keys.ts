import { createHmac } from 'node:crypto';
import { type ServiceRef, serviceKey } from '../../../model/route.ts';

/** 96 bits: too many for a client to guess the value of an endpoint. */
const VALUE_BYTES = 12;
/** Of a value as text. */
export const VALUE_LENGTH = 16;

/**
 * The secret keys of sticky cookies: the first makes the values, and those of the others still count, so that a key can be
 * turned without a client losing its endpoint. They are held where nothing prints them.
 */
export class AffinityKeys {
  #keys: readonly Uint8Array[];
  /** Changes with the keys: what was made of them before has to be made again. */
  revision = 0;

  constructor(keys: readonly Uint8Array[]) {
    this.#keys = keys;
  }

  change(keys: readonly Uint8Array[]): void {
    this.#keys = keys;
    this.revision += 1;
  }

  /**
   * What the cookie says for an endpoint, by each key. Without a key a client can neither make a value nor learn an address from one, and
   * the value of one Service means nothing to another.
   */
  valuesOf(service: ServiceRef, endpointId: string): string[] {
    // Neither part of a Service's key can hold a line break.
    const text = `${serviceKey(service)}\n${endpointId}`;
    return this.#keys.map(key =>
      createHmac('sha256', key).update(text).digest().subarray(0, VALUE_BYTES).toString('base64url'),
    );
  }
}
