import { createHash } from 'node:crypto';
import type { Endpoint } from '../../../model/cluster.ts';

const HASH_LENGTH = 32;
/** More than any key of ingress-nginx has. */
const MOST_KEY_LENGTH = 64;

/**
 * What ingress-nginx writes into sticky cookies for one of its upstreams: a key, and behind a bar a hash of the upstream, which tells
 * its cookies from those of others. A browser that has one keeps its endpoint when its host moves to this program.
 */
export class NginxCookies<E extends Endpoint> {
  readonly #upstream: string;
  /** What its values end with. */
  readonly #mark: string;
  #endpoints: readonly E[] = [];
  /** By key; undefined where the endpoints have changed since it was made. */
  #byKey: Map<string, E> | undefined;

  /** @param upstream as ingress-nginx names it: namespace, Service and port */
  constructor(upstream: string) {
    this.#upstream = upstream;
    this.#mark = `|${md5(md5(upstream) + upstream)}`;
  }

  changed(endpoints: readonly E[]): void {
    this.#endpoints = endpoints;
    this.#byKey = undefined;
  }

  /** The key of a value; undefined for a value of another upstream. */
  keyOf(value: string): string | undefined {
    const length = value.length - this.#mark.length;
    return length > 0 && length <= MOST_KEY_LENGTH && value.endsWith(this.#mark) ? value.slice(0, length) : undefined;
  }

  valueOf(key: string): string {
    return key + this.#mark;
  }

  /** The endpoint that a key of the mode `persistent` names. */
  find(key: string): E | undefined {
    if (key.length !== HASH_LENGTH) return undefined;
    this.#byKey ??= new Map(this.#endpoints.map(endpoint => [md5(this.#upstream + addressOf(endpoint)), endpoint]));
    return this.#byKey.get(key);
  }
}

function addressOf({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** ingress-nginx takes it, but it protects nothing: a client that knows an address can compute the value. */
function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
