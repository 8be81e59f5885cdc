import { type Route, strippedPrefix, upstreamPath } from '../model/route.ts';
import { parseHost } from './host.ts';
import { upperCaseEscapes } from './path.ts';
import { PathEditError } from './path-edit-error.ts';
import { PatternCostError } from './pattern/pattern-cost-error.ts';
import { Rewrite } from './rewrite.ts';
import { hostCandidates, type RouteTable } from './table.ts';
import { emptyTarget, parseTarget } from './target.ts';

/** Why a route that comes near a request does not take it. */
export type LossReason =
  | 'a longer path of the same host wins'
  | 'a more specific host wins'
  | 'it is for another host'
  | 'the path only begins like it: prefixes end at a slash'
  | 'the path differs in upper and lower case';

export interface Explanation {
  readonly host: string;
  /** Normalised; what is matched. */
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  readonly route: Route | undefined;
  /** What the upstream gets in its request line; undefined without a route, or where a rewrite refuses the path. */
  readonly upstreamTarget: string | undefined;
  readonly losers: readonly { readonly route: Route; readonly reason: LossReason }[];
}

/**
 * Which route takes a request, and why the others do not.
 * @param target a request target (`/volume/x?y`), or an absolute URL, whose host then counts
 * @returns undefined for a request that would be answered with 400
 */
export function explain(table: RouteTable, host: string, target: string, mergeSlashes = true): Explanation | undefined {
  const parsed = emptyTarget();
  if (!parseTarget(target, mergeSlashes, parsed)) return undefined;
  const requestHost = parsed.host || (host === '' ? '' : parseHost(host));
  if (requestHost === undefined) return undefined;
  const { path, query } = parsed;
  const route = table.match(requestHost, path);
  // Once for all routes: a path may be long, and there may be thousands of them.
  const matched = upperCaseEscapes(path);
  const asked = {
    hosts: new Set([...hostCandidates(requestHost), '']),
    path: matched,
    lowerPath: matched.toLowerCase(),
  };
  const losers: { route: Route; reason: LossReason }[] = [];
  for (const other of table.routes()) {
    const reason = other === route ? undefined : lossReason(other, route, asked);
    if (reason !== undefined) losers.push({ route: other, reason });
  }
  return {
    host: requestHost,
    path,
    query,
    route,
    upstreamTarget: route && upstreamTarget(route, path, query),
    losers,
  };
}

function upstreamTarget(route: Route, path: string, query: string): string | undefined {
  const stripped = upstreamPath(strippedPrefix(route), path);
  const rewrite = route.policies?.find(policy => policy.kind === 'rewrite');
  try {
    const rewritten = rewrite && new Rewrite(rewrite).pathFor(stripped);
    return (rewritten ?? stripped) + query;
  } catch (error) {
    if (error instanceof PathEditError || error instanceof PatternCostError) return undefined;
    throw error;
  }
}

/** Whether this prefix matches the path. A longer matching prefix would still win. */
export function takes(routePath: string, path: string): boolean {
  if (routePath === '/') return true;
  return path.startsWith(routePath) && (path.length === routePath.length || path[routePath.length] === '/');
}

interface Asked {
  readonly hosts: ReadonlySet<string>;
  readonly path: string;
  readonly lowerPath: string;
}

function lossReason(route: Route, winner: Route | undefined, asked: Asked): LossReason | undefined {
  const { hosts, path, lowerPath } = asked;
  const takesPath = takes(route.path, path);
  if (!hosts.has(route.host)) return takesPath ? 'it is for another host' : undefined;
  if (takesPath) {
    return route.host === winner?.host ? 'a longer path of the same host wins' : 'a more specific host wins';
  }
  if (path.startsWith(route.path)) return 'the path only begins like it: prefixes end at a slash';
  return takes(route.path.toLowerCase(), lowerPath) ? 'the path differs in upper and lower case' : undefined;
}
