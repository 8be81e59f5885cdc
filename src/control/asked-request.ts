import type { PickRequest } from '../dataplane/clusters/balancers/balancer.ts';
import { cookieValue } from '../formats/http/cookies.ts';
import { queryValue } from '../formats/http/query.ts';

/** What a person says about a request, to learn where it would go. */
export interface RequestFacts {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  readonly clientIp: string;
  /** By name in lower case. Several lines of one header are joined as a list. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A request that was described and not sent, as balancers ask about it. */
export class AskedRequest implements PickRequest {
  readonly #facts: RequestFacts;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
  }

  clientIp(): string {
    return this.#facts.clientIp;
  }

  uri(): string {
    return this.#facts.path + this.#facts.query;
  }

  header(name: string): string {
    return this.#facts.headers.get(name) ?? '';
  }

  cookie(name: string): string {
    return cookieValue(this.header('cookie'), name);
  }

  query(name: string): string {
    return queryValue(this.#facts.query, name);
  }

  variable(name: string): string {
    switch (name) {
      case 'remote_addr':
        return this.clientIp();
      case 'request_uri':
        return this.uri();
      case 'uri':
        return this.#facts.path;
      case 'args':
        return this.#facts.query.slice(1);
      case 'host':
        return this.#facts.host;
      case 'request_method':
        return this.#facts.method;
    }
    if (name.startsWith('http_')) return this.header(name.slice(5).replaceAll('_', '-'));
    if (name.startsWith('cookie_')) return this.cookie(name.slice(7));
    return name.startsWith('arg_') ? this.query(name.slice(4)) : '';
  }
}
