import { FormatError } from '../errors.ts';
import { type Route, strippedPrefix, upstreamPath } from '../model/route.ts';
import { DecodedPath } from './decoded-path.ts';
import { ingressHosts, ingressLoss, ruleOf } from './explain-ingress.ts';
import { type Explanation, type LossReason, nearMiss, readRequest, takes } from './explanation.ts';
import { upperCaseEscapes } from './path.ts';
import { PatternCostError } from './pattern/pattern-cost-error.ts';
import { hostCandidates, type RouteTable } from './table.ts';
import { upstreamTarget } from './upstream-target.ts';

/**
 * Which route takes a request, and why the others do not.
 * @param target a request target (`/volume/x?y`), or an absolute URL, whose host then counts
 * @returns undefined for a request that would be answered with 400
 * @throws {FormatError} for one that would be answered with 500, because the patterns of its host take too long
 */
export function explain(table: RouteTable, host: string, target: string, mergeSlashes = true): Explanation | undefined {
  const read = readRequest(host, target, mergeSlashes);
  if (read === undefined) return undefined;
  const { host: requestHost, path, rawPath, query } = read;
  const decoded = DecodedPath.of(rawPath);
  const route = matchOf(table, requestHost, path, decoded);
  if (decoded.isRefused) return undefined;
  const upstream = route === undefined ? '' : pathFor(route, path, rawPath);
  // Once for all routes: a path may be long, and there may be thousands of them.
  const matched = upperCaseEscapes(path);
  const asked = {
    hosts: new Set([...hostCandidates(requestHost), '']),
    path: matched,
    lowerPath: matched.toLowerCase(),
    decodedPath: decoded.value ?? path,
    ingressHosts: ingressHosts(requestHost),
  };
  const losers: { route: Route; reason: LossReason }[] = [];
  for (const other of table.routes()) {
    // Those of Gateways are for other ports: see explain-port.ts.
    const isOut = other === route || other.listener !== undefined;
    const reason = isOut ? undefined : lossReason(other, route, asked);
    if (reason !== undefined) losers.push({ route: other, reason });
  }
  return {
    host: requestHost,
    path,
    query,
    route,
    rule: route?.profile === 'ingress' ? ruleOf(route) : undefined,
    upstreamPath: upstream,
    upstreamTarget: route && upstreamTarget(route, upstream, asked.decodedPath, query),
    losers,
  };
}

function matchOf(table: RouteTable, host: string, path: string, decoded: DecodedPath): Route | undefined {
  try {
    return table.match(host, path, decoded);
  } catch (error) {
    if (!(error instanceof PatternCostError)) throw error;
    throw new FormatError(`the patterns of the host take too long for ${path}: a request for it is answered with 500`);
  }
}

function pathFor(route: Route, path: string, rawPath: string): string {
  return route.profile === 'ingress' ? rawPath : upstreamPath(strippedPrefix(route), path);
}

interface Asked {
  readonly hosts: ReadonlySet<string>;
  readonly ingressHosts: ReadonlySet<string>;
  readonly decodedPath: string;
  readonly path: string;
  readonly lowerPath: string;
}

function lossReason(route: Route, winner: Route | undefined, asked: Asked): LossReason | undefined {
  if (route.profile === 'ingress') {
    const loss = ingressLoss(route, winner, asked);
    if (loss !== undefined || route.match !== undefined) return loss;
    return prefixLoss(route, winner, { ...asked, path: asked.decodedPath, hosts: asked.ingressHosts });
  }
  return prefixLoss(route, winner, asked);
}

function prefixLoss(route: Route, winner: Route | undefined, asked: Asked): LossReason | undefined {
  const { hosts, path, lowerPath } = asked;
  const takesPath = takes(route.path, path);
  if (!hosts.has(route.host)) return takesPath ? 'it is for another host' : undefined;
  if (takesPath) {
    return route.host === winner?.host ? 'a longer path of the same host wins' : 'a more specific host wins';
  }
  return nearMiss(route.path, path, lowerPath);
}
