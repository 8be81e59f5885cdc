import { parseHost } from './host.ts';
import { upperCaseEscapes } from './path.ts';
import { type Route, upstreamPath } from './route.ts';
import { hostCandidates, type RouteTable } from './table.ts';
import { parseTarget, type RequestTarget } from './target.ts';

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
  readonly route: Route | undefined;
  /** What the upstream gets in its request line. */
  readonly upstreamTarget: string | undefined;
  readonly losers: readonly { readonly route: Route; readonly reason: LossReason }[];
}

/**
 * Which route takes a request, and why the others do not.
 * @param target a request target (`/volume/x?y`), or an absolute URL, whose host then counts
 * @returns undefined for a request that would be answered with 400
 */
export function explain(table: RouteTable, host: string, target: string, mergeSlashes = true): Explanation | undefined {
  const parsed: RequestTarget = { path: '', query: '', host: '', authority: '' };
  if (!parseTarget(target, mergeSlashes, parsed)) return undefined;
  const requestHost = parsed.host || (host === '' ? '' : parseHost(host));
  if (requestHost === undefined) return undefined;
  const { path, query } = parsed;
  const route = table.match(requestHost, path);
  const hosts = [...hostCandidates(requestHost), ''];
  const losers: { route: Route; reason: LossReason }[] = [];
  for (const other of table.routes()) {
    const reason = other === route ? undefined : lossReason(other, route, hosts, upperCaseEscapes(path));
    if (reason !== undefined) losers.push({ route: other, reason });
  }
  return {
    host: requestHost,
    path,
    route,
    upstreamTarget: route && upstreamPath(route, path) + query,
    losers,
  };
}

/** Whether a route of this path takes a request, where no longer one does. */
export function takes(routePath: string, path: string): boolean {
  return routePath === '/' || path === routePath || path.startsWith(`${routePath}/`);
}

function lossReason(route: Route, winner: Route | undefined, hosts: string[], path: string): LossReason | undefined {
  const takesPath = takes(route.path, path);
  if (!hosts.includes(route.host)) return takesPath ? 'it is for another host' : undefined;
  if (takesPath) {
    return route.host === winner?.host ? 'a longer path of the same host wins' : 'a more specific host wins';
  }
  if (path.startsWith(route.path)) return 'the path only begins like it: prefixes end at a slash';
  const lower = route.path.toLowerCase();
  const lowerPath = path.toLowerCase();
  return lowerPath === lower || lowerPath.startsWith(`${lower}/`)
    ? 'the path differs in upper and lower case'
    : undefined;
}
