import type { PublishedRoute } from '../model/delta.ts';
import {
  type CanaryRule,
  type GatewayRoute,
  type Place,
  type RouteLimits,
  type RouteOverrides,
  type ServiceRef,
  strippedPrefix,
} from '../model/route.ts';
import { limitsOf } from '../settings/limits.ts';
import type { Settings } from '../settings/schema.ts';
import type { ClusterState } from './clusters/cluster-state.ts';
import type { CompiledIngress } from './compiled-ingress.ts';
import { type CompiledCanaryRule, compileCanaryRule } from './pipeline/canary-rule.ts';
import type { RouteFilters } from './pipeline/filters/filters.ts';
import { RouteChanges } from './route-changes.ts';
import { type Weighted, WeightedRoutes } from './weighted-routes.ts';

/** One of the clusters that share the requests of a route. */
export interface BackendParts {
  readonly cluster: ClusterState;
  /** Those of the route, and its own behind them. */
  readonly filters: RouteFilters | undefined;
  /** More than 0. */
  readonly weight: number;
}

/** What a route is compiled with. */
export interface RouteParts {
  readonly cluster: ClusterState;
  /** Where its canary leads; undefined where it has none, or the canary's cluster is not there. */
  readonly canary?: ClusterState | undefined;
  /** Of a canary's route, the cluster whose requests it takes. */
  readonly primary?: ClusterState;
  readonly filters?: RouteFilters | undefined;
  readonly ingress?: CompiledIngress | undefined;
  /** Two at least, which share its requests; undefined: all go to its own cluster. */
  readonly backends?: readonly BackendParts[] | undefined;
  /** From 0 to 1: where the turns of the backends begin. */
  readonly start?: number;
}

/** A route as a worker serves it: what requests need of it is worked out once, when the route is applied. */
export class CompiledRoute implements Place {
  readonly host: string;
  readonly path: string;
  readonly cluster: ClusterState;
  /** Takes some of its requests; undefined where none does. */
  readonly canary: { readonly rule: CompiledCanaryRule; readonly route: CompiledRoute } | undefined;
  /** They share its requests by weight; undefined where it takes all itself. */
  readonly backends: WeightedRoutes<CompiledRoute> | undefined;
  readonly service: ServiceRef;
  /** Of a canary's route, the cluster whose requests it takes; undefined for any other. */
  readonly primary: ClusterState | undefined;
  /** The prefix that upstreams do not see; empty when they see all of the path. */
  readonly strippedPrefix: string;
  /** The prefix has to be put back on redirects and cookies of the upstream. */
  readonly editsRedirects: boolean;
  /** Plain HTTP is sent to https:// where the host has TLS. */
  readonly redirectsToHttps: boolean;
  readonly match: Place['match'];
  readonly profile: Place['profile'];
  readonly listener: Place['listener'];
  /** Of a location of an Ingress; undefined for any other route. */
  readonly ingress: CompiledIngress | undefined;
  /** Of a rule of a Gateway; undefined for any other route. */
  readonly gateway: GatewayRoute | undefined;
  /** Clients without the sticky cookie of the cluster get one. */
  readonly bindsClients: boolean;
  /** What its policies do; undefined where it has none that a request has to meet. */
  readonly filters: RouteFilters | undefined;
  /** What is changed in all its messages alike, unless {@link filters} do it; undefined where nothing is. */
  readonly changes: RouteChanges | undefined;
  /** The Service's own limits. */
  readonly overrides: RouteOverrides;
  #limits: RouteLimits | undefined;
  #limitsOf: Settings | undefined;

  constructor(route: PublishedRoute, parts: RouteParts) {
    const { cluster, canary, primary, filters, ingress, backends } = parts;
    this.host = route.host;
    this.path = route.path;
    this.match = route.match;
    this.profile = route.profile;
    this.listener = route.listener;
    this.ingress = ingress;
    this.gateway = route.gateway;
    this.cluster = cluster;
    this.canary = route.canary && canary && canaryOf(route, route.canary, canary, parts);
    this.backends = backends && backendsOf(route, backends, parts);
    this.primary = primary;
    this.service = cluster.service;
    this.strippedPrefix = strippedPrefix(route);
    this.editsRedirects = route.rewriteRedirects && this.strippedPrefix !== '';
    this.redirectsToHttps = route.tlsRedirect !== false;
    this.bindsClients = route.ingress === undefined || route.ingress.bindsClients === true;
    this.filters = filters?.constant === undefined ? filters : undefined;
    this.changes = filters?.constant === undefined ? ingress?.changes : new RouteChanges(filters.constant, ingress);
    this.overrides = route.overrides;
  }

  /** What a request may take: the Service's own limits, else those of the settings. Worked out once for each settings object. */
  limits(settings: Settings): RouteLimits {
    if (this.#limits === undefined || this.#limitsOf !== settings) {
      this.#limits = { ...limitsOf(settings), ...this.overrides };
      this.#limitsOf = settings;
    }
    return this.#limits;
  }
}

function canaryOf(
  route: PublishedRoute,
  rule: CanaryRule,
  cluster: ClusterState,
  { cluster: primary, filters, ingress }: RouteParts,
) {
  const { canary: _, ...plain } = route;
  return { rule: compileCanaryRule(rule), route: new CompiledRoute(plain, { cluster, primary, filters, ingress }) };
}

function backendsOf(
  route: PublishedRoute,
  backends: readonly BackendParts[],
  { ingress, start = 0 }: RouteParts,
): WeightedRoutes<CompiledRoute> {
  const shares = backends.map(
    ({ cluster, filters, weight }): Weighted<CompiledRoute> => ({
      weight,
      route: new CompiledRoute(route, { cluster, filters, ingress }),
    }),
  );
  return new WeightedRoutes(shares, start);
}
