/** Why a location of an Ingress takes a request, or does not. */
import { CATCH_ALL_HOST, type Route } from '../model/route.ts';
import { CostBudget } from './pattern/cost-budget.ts';
import { PathPattern } from './pattern/path-pattern.ts';
import { PatternCostError } from './pattern/pattern-cost-error.ts';

export type IngressLossReason =
  | 'an exact path of the same host wins'
  | 'an earlier pattern of the same host wins: longer texts come first'
  | 'the host is known, and answers alone';

/** What explanations of a location are made of. */
interface Asked {
  readonly decodedPath: string;
  /** The hosts that could take the request, the best first. */
  readonly ingressHosts: ReadonlySet<string>;
}

/** `a.b`, `*.b` and the host for all others. */
export function ingressHosts(host: string): ReadonlySet<string> {
  const dot = host.indexOf('.');
  return new Set([host, ...(dot > 0 ? [`*${host.slice(dot)}`] : []), CATCH_ALL_HOST]);
}

/** Which rules have decided for a location: that of its host, then that of its path. */
export function ruleOf({ host, path, match }: Route): string {
  const named = host.startsWith('*.') ? 'a wildcard takes one label' : 'the host is known by its name';
  const ofHost = host === CATCH_ALL_HOST ? 'no other host takes it' : named;
  if (match === 'exact') return `${ofHost}, an exact path`;
  if (match === 'regex') return `${ofHost}, the first pattern that matches: longer texts come first`;
  return path === '/' ? `${ofHost}, no other path does` : `${ofHost}, its longest prefix`;
}

/** @returns undefined where the location does not come near the request, or where others say why it loses */
export function ingressLoss(route: Route, winner: Route | undefined, asked: Asked): IngressLossReason | undefined {
  if (!asked.ingressHosts.has(route.host) || !takesPath(route, asked.decodedPath)) return undefined;
  if (route.host !== winner?.host) return 'the host is known, and answers alone';
  if (winner.match === 'exact') return 'an exact path of the same host wins';
  return route.match === 'regex' ? 'an earlier pattern of the same host wins: longer texts come first' : undefined;
}

function takesPath({ path, match }: Route, decodedPath: string): boolean {
  if (match === 'exact') return path === decodedPath;
  if (match === 'regex') return matches(path, decodedPath);
  return path === '/' || decodedPath === path || decodedPath.startsWith(`${path}/`);
}

const BUDGET = new CostBudget(500_000);

function matches(pattern: string, path: string): boolean {
  BUDGET.begin();
  try {
    return new PathPattern(pattern).matches(path, path.toLowerCase(), BUDGET);
  } catch (error) {
    if (error instanceof PatternCostError) return false;
    throw error;
  }
}
