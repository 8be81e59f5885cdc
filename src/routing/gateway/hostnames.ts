import { isWildcard } from '../ingress-hosts.ts';

/**
 * Values by the hostnames of listeners. A host gets that of the closest one: its own name, then the longest wildcard, whose star is one
 * label or more, then the empty hostname, which takes all hosts.
 */
export class Hostnames<V> {
  readonly #exact = new Map<string, V>();
  /** By what follows the star. */
  readonly #wildcards = new Map<string, V>();
  readonly #anyHost: V | undefined;

  /** @param entries hostnames in lower case, each once */
  constructor(entries: Iterable<readonly [hostname: string, value: V]>) {
    for (const [hostname, value] of entries) {
      if (hostname === '') this.#anyHost = value;
      else if (isWildcard(hostname)) this.#wildcards.set(hostname.slice(1), value);
      else this.#exact.set(hostname, value);
    }
  }

  /** @param host in lower case, without port; empty where a request names none */
  closest(host: string): V | undefined {
    if (this.#exact.size > 0) {
      const exact = this.#exact.get(host);
      if (exact !== undefined) return exact;
    }
    if (this.#wildcards.size > 0) {
      // An empty first label does not stand for the star.
      for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1)) {
        const wildcard = this.#wildcards.get(host.slice(dot));
        if (wildcard !== undefined) return wildcard;
      }
    }
    return this.#anyHost;
  }
}
