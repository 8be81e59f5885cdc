import { cookieValues } from '../../formats/http/cookies.ts';
import type { ClusterState } from '../clusters/cluster-state.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import type { WeightedRoutes } from '../weighted-routes.ts';
import { takesRequest } from './canary-rule.ts';
import type { RequestView } from './ports.ts';

const HUNDRED = 100;

/** The route that takes a request: the canary's, where its rule says so and both have endpoints. */
export function routeOrCanary(route: CompiledRoute, head: RequestView): CompiledRoute {
  const { canary, cluster } = route;
  if (canary === undefined || cluster.endpoints.length === 0 || canary.route.cluster.endpoints.length === 0)
    return route;
  const { rule } = canary;
  if (rule.keepsBound === true) {
    if (isBound(cluster, head)) return route;
    if (isBound(canary.route.cluster, head)) return canary.route;
  }
  const byChance = (): boolean => {
    // Chance must not tear a client from the endpoint that its cookie names.
    if (isBound(cluster, head)) return false;
    return isBound(canary.route.cluster, head) || Math.random() * (rule.weightTotal ?? HUNDRED) < rule.weight;
  };
  return takesRequest(rule, head, byChance) ? canary.route : route;
}

/** The route of the backend that a client is bound to, else of the one whose turn it is. */
export function backendRoute(backends: WeightedRoutes<CompiledRoute>, head: RequestView): CompiledRoute {
  return backends.find(({ cluster }) => isBound(cluster, head)) ?? backends.next();
}

function isBound({ sticky }: ClusterState, head: RequestView): boolean {
  if (sticky === undefined) return false;
  return cookieValues(head.field('cookie', '; '), sticky.cookie.name).some(value => sticky.find(value) !== undefined);
}
