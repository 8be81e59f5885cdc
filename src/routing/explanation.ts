/** What an explanation says, whichever port the request comes to. */
import type { Route } from '../model/route.ts';
import type { IngressLossReason } from './explain-ingress.ts';
import { parseHost } from './host.ts';
import { emptyTarget, parseTarget, type RequestTarget } from './target.ts';

type NearMiss = 'the path only begins like it: prefixes end at a slash' | 'the path differs in upper and lower case';

type GatewayLossReason =
  | 'another listener of the port takes the host'
  | 'its method is another one'
  | 'the request has not the headers that it asks for'
  | 'the request has not the query parameters that it asks for'
  | 'a route with a closer hostname wins'
  | 'a pattern of the same host wins'
  | 'for the same path, a rule with more conditions, or of an older route, wins';

/** Why a route that comes near a request does not take it. */
export type LossReason =
  | IngressLossReason
  | GatewayLossReason
  | NearMiss
  | 'a longer path of the same host wins'
  | 'a more specific host wins'
  | 'it is for another host';

export interface Explanation {
  readonly host: string;
  /** Normalised; what is matched. */
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  readonly route: Route | undefined;
  /** Which rules have decided for a location of an Ingress or a rule of a Gateway; undefined for other routes, and without one. */
  readonly rule: string | undefined;
  /** The path that the upstream gets unless a policy makes another one of it; empty without a route. */
  readonly upstreamPath: string;
  /** What the upstream gets in its request line; undefined without a route, or where a rewrite refuses the path. */
  readonly upstreamTarget: string | undefined;
  readonly losers: readonly { readonly route: Route; readonly reason: LossReason }[];
  /** Present where a port of a Gateway was asked about. */
  readonly at?: PortExplanation;
}

/** Where a request comes that is for a port of a Gateway. */
export interface PortExplanation {
  /** Address and port. */
  readonly port: string;
  /** The listener that takes the host, for people; empty where none does. */
  readonly listener: string;
  /** The listener of the TLS session, where that is another one: the request is answered with 421. */
  readonly sessionListener?: string;
}

/**
 * Host and target of a request as they are matched.
 * @param target a request target (`/volume/x?y`), or an absolute URL, whose host then counts
 * @returns undefined for a request that would be answered with 400
 */
export function readRequest(host: string, target: string, mergeSlashes: boolean): RequestTarget | undefined {
  const parsed = emptyTarget();
  if (!parseTarget(target, mergeSlashes, parsed)) return undefined;
  const requestHost = parsed.host || (host === '' ? '' : parseHost(host));
  return requestHost === undefined ? undefined : { ...parsed, host: requestHost };
}

/** Whether this prefix matches the path. A longer matching prefix would still win. */
export function takes(routePath: string, path: string): boolean {
  if (routePath === '/') return true;
  return path.startsWith(routePath) && (path.length === routePath.length || path[routePath.length] === '/');
}

/** Why a prefix does not take a path that looks like it; undefined for one that does not. */
export function nearMiss(routePath: string, path: string, lowerPath: string): NearMiss | undefined {
  if (path.startsWith(routePath)) return 'the path only begins like it: prefixes end at a slash';
  return takes(routePath.toLowerCase(), lowerPath) ? 'the path differs in upper and lower case' : undefined;
}
