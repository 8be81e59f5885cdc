import { cookieValue } from '../../formats/http/cookies.ts';
import type { CanaryRule } from '../../model/route.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import type { RequestView } from './ports.ts';

const HUNDRED = 100;

/** The route that takes a request: the canary's, where its rule says so and both have endpoints. */
export function routeOrCanary(route: CompiledRoute, head: RequestView): CompiledRoute {
  const { canary, cluster } = route;
  if (canary === undefined || cluster.endpoints.length === 0 || canary.route.cluster.endpoints.length === 0)
    return route;
  return takesRequest(canary.rule, head, Math.random) ? canary.route : route;
}

/** The tests of ingress-nginx's balancer.lua, in its order: the header, the cookie, then chance. */
export function takesRequest(rule: CanaryRule, head: Pick<RequestView, 'field'>, random: () => number): boolean {
  const header = rule.header === '' ? '' : head.field(rule.header, ', ');
  if (rule.headerValue === '') {
    if (header === 'always') return true;
    if (header === 'never') return false;
  } else if (header === rule.headerValue) {
    return true;
  }
  const cookie = rule.cookie === '' ? '' : cookieValue(head.field('cookie', '; '), rule.cookie);
  if (cookie === 'always') return true;
  if (cookie === 'never') return false;
  return random() * HUNDRED < rule.weight;
}
