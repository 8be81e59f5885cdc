import { cookieValue } from '../../formats/http/cookies.ts';
import { queryValue } from '../../formats/http/query.ts';
import type { PickRequest } from '../clusters/balancers/balancer.ts';
import type { ExchangeState } from './exchange-state.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { clientIpOf } from './told-by-proxies.ts';

/** What a balancer may ask about the request of an exchange. */
export class ExchangePickRequest implements PickRequest {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;

  constructor(context: PipelineContext, state: ExchangeState) {
    this.#context = context;
    this.#state = state;
  }

  clientIp(): string {
    const { head, downstream } = this.#state;
    return clientIpOf(head, downstream.client, this.#context.trustedProxies);
  }

  uri(): string {
    const { path, query } = this.#state.routing.target;
    return path + query;
  }

  header(name: string): string {
    return this.#state.head?.field(name, ', ') ?? '';
  }

  cookie(name: string): string {
    return cookieValue(this.#state.head?.field('cookie', '; ') ?? '', name);
  }

  query(name: string): string {
    return queryValue(this.#state.routing.target.query, name);
  }

  variable(name: string): string {
    const { head, routing } = this.#state;
    switch (name) {
      case 'remote_addr':
        return this.clientIp();
      case 'request_uri':
        return head?.target ?? '';
      case 'uri':
        return routing.target.path;
      case 'args':
        return routing.target.query.slice(1);
      case 'host':
        return routing.host;
      case 'request_method':
        return head?.method ?? '';
    }
    if (name.startsWith('http_')) return this.header(name.slice(5).replaceAll('_', '-'));
    if (name.startsWith('cookie_')) return this.cookie(name.slice(7));
    return name.startsWith('arg_') ? this.query(name.slice(4)) : '';
  }
}
