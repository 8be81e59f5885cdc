import { EARLY_KINDS, type Policy } from '../../../model/policy.ts';
import type { ConstantPolicy } from '../../route-changes.ts';
import { AddressList } from './address-list.ts';
import { AuthUrl } from './auth-url.ts';
import { BasicAuth } from './basic-auth.ts';
import { Compress } from './compress.ts';
import { Cors } from './cors.ts';
import { DenyHeader } from './deny-header.ts';
import { ErrorPages } from './error-pages.ts';
import type { Filter, NamedFilter } from './filter.ts';
import type { FilterServices } from './filter-services.ts';
import { GatewayCors } from './gateway-cors.ts';
import { RequestHeaderEdits, ResponseHeaderEdits } from './header-edits.ts';
import { Jwt } from './jwt.ts';
import { MaxConnections } from './max-connections.ts';
import { Mirror } from './mirror.ts';
import { RateLimit } from './rate-limit.ts';
import { RedirectFilter } from './redirect.ts';
import { RequestRedirect } from './request-redirect.ts';
import { Retry } from './retry.ts';
import { Return } from './return.ts';
import { DecodedRewriteFilter, RewriteFilter } from './rewrite.ts';
import { Satisfy } from './satisfy.ts';
import { Unavailable } from './unavailable.ts';
import { UpstreamNames } from './upstream-names.ts';
import { UrlRewrite } from './url-rewrite.ts';

/** The filters of a route, by the phase in which they act: a request pays for those that do something. */
export interface RouteFilters {
  /** In the order in which a request meets them; the first {@link early} come before the redirect to `https://`. */
  readonly request: readonly NamedFilter[];
  readonly early: number;
  readonly response: readonly NamedFilter[];
  /** Answers in place of errors; undefined where nothing does. */
  readonly pages: Filter | undefined;
  /** What all of them do, where that is the same for all messages; undefined where a request has to meet them. */
  readonly constant: readonly ConstantPolicy[] | undefined;
}

const NONE: readonly Policy[] = [];

/** Makes filters of policies. Routes that share a list of policies share its filters. */
export class FilterCompiler {
  readonly #services: FilterServices;
  readonly #made = new WeakMap<readonly Policy[], RouteFilters>();
  /** Lists of policies with those of one backend behind them. */
  readonly #joined = new WeakMap<readonly Policy[], WeakMap<readonly Policy[], readonly Policy[]>>();

  constructor(services: FilterServices) {
    this.#services = services;
  }

  /**
   * @param own those of one of several clusters that share the requests of the route
   * @returns undefined for a route without policies
   */
  compile(policies: readonly Policy[] = NONE, own: readonly Policy[] = NONE): RouteFilters | undefined {
    if (own.length > 0 && policies.length > 0) return this.#compile(this.#join(policies, own));
    return this.#compile(own.length > 0 ? own : policies);
  }

  #join(policies: readonly Policy[], own: readonly Policy[]): readonly Policy[] {
    const lists = this.#joined.get(policies) ?? new WeakMap<readonly Policy[], readonly Policy[]>();
    this.#joined.set(policies, lists);
    const joined = lists.get(own) ?? [...policies, ...own].sort(earlyFirst);
    lists.set(own, joined);
    return joined;
  }

  #compile(policies: readonly Policy[]): RouteFilters | undefined {
    if (policies.length === 0) return undefined;
    const known = this.#made.get(policies);
    if (known !== undefined) return known;
    const filters = policies.map(policy => ({ kind: policy.kind, filter: createFilter(policy, this.#services) }));
    const request = filters.filter(({ filter }) => filter.request !== undefined);
    // Policies of a backend stand behind all those of its route.
    const late = request.findIndex(({ kind }) => !EARLY_KINDS.has(kind));
    const made = {
      request,
      early: late < 0 ? request.length : late,
      response: filters.filter(({ filter }) => filter.response !== undefined),
      pages: filters.map(({ filter }) => filter).find(({ page }) => page !== undefined),
      constant: filters.every(({ filter }) => filter.constant !== undefined) ? filters.map(constantOf) : undefined,
    };
    this.#made.set(policies, made);
    return made;
  }
}

function constantOf({ kind, filter }: NamedFilter): ConstantPolicy {
  const { constant } = filter;
  return filter.request === undefined
    ? { kind, request: undefined, response: constant }
    : { kind, request: constant, response: undefined };
}

function earlyFirst({ kind }: Policy, { kind: other }: Policy): number {
  return Number(EARLY_KINDS.has(other)) - Number(EARLY_KINDS.has(kind));
}

function createFilter(policy: Policy, services: FilterServices): Filter {
  const { limits, authCache, passwords, tokens, copyMemory, random } = services;
  switch (policy.kind) {
    case 'unavailable':
      return new Unavailable(policy);
    case 'deny-header':
      return new DenyHeader(policy);
    case 'satisfy':
      return new Satisfy(
        policy,
        policy.ways.map(way => createFilter(way, services)),
      );
    case 'max-connections':
      return new MaxConnections(policy, limits);
    case 'rate-limit':
      return new RateLimit(policy, limits);
    case 'allow-from':
    case 'deny-from':
      return new AddressList(policy);
    case 'auth-url':
      return new AuthUrl(policy, authCache);
    case 'cors':
      return policy.asGateway ? new GatewayCors(policy) : new Cors(policy);
    case 'return':
      return new Return(policy);
    case 'redirect':
      return new RedirectFilter(policy);
    case 'rewrite':
      return policy.isDecoded ? new DecodedRewriteFilter(policy) : new RewriteFilter(policy);
    case 'request-redirect':
      return new RequestRedirect(policy);
    case 'url-rewrite':
      return new UrlRewrite(policy);
    case 'basic-auth':
      return new BasicAuth(policy, passwords);
    case 'error-pages':
      return new ErrorPages(policy);
    case 'jwt':
      return new Jwt(policy, tokens);
    case 'request-headers':
      return new RequestHeaderEdits(policy);
    case 'mirror':
      return new Mirror(policy, copyMemory, random);
    case 'upstream-names':
      return new UpstreamNames(policy);
    case 'response-headers':
      return new ResponseHeaderEdits(policy);
    case 'retry':
      return new Retry(policy);
    case 'compress':
      return new Compress(policy);
  }
}
