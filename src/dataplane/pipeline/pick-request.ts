import type { AddressRanges } from '../../formats/address-ranges.ts';
import { cookieValue } from '../../formats/http/cookies.ts';
import { queryValue } from '../../formats/http/query.ts';
import type { PickRequest } from '../clusters/balancers/balancer.ts';
import type { ExchangeState } from './exchange-state.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { RequestView } from './ports.ts';
import { clientIpOf, isSecure } from './told-by-proxies.ts';
import { type VariableSource, variableOf } from './variables.ts';

/** What a balancer may ask about the request of an exchange. */
export class ExchangePickRequest implements PickRequest {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #source: VariableSource;

  constructor(context: PipelineContext, state: ExchangeState) {
    this.#context = context;
    this.#state = state;
    this.#source = requestVariables(state, context.trustedProxies);
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
    return variableOf(name)?.(this.#source) ?? '';
  }
}

/** Of whichever request is under way. */
export function requestVariables(state: ExchangeState, trusted: AddressRanges): VariableSource {
  return {
    get head() {
      return state.head as RequestView;
    },
    get client() {
      return state.downstream.client;
    },
    get requestId() {
      return state.record.requestId;
    },
    get clientIp() {
      return clientIpOf(state.head, state.downstream.client, trusted);
    },
    get scheme() {
      return isSecure(this.head as RequestView, state.downstream.client, trusted) ? 'https' : 'http';
    },
    get host() {
      return state.routing.host;
    },
    get authority() {
      return state.routing.authority;
    },
    get path() {
      return state.routing.target.path;
    },
    get decodedPath() {
      return state.routing.decodedPath.value ?? state.routing.target.path;
    },
    get query() {
      return state.routing.target.query;
    },
  };
}
