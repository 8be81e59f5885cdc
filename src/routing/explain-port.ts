/** Which rule of a Gateway takes a request, and why the others do not. */
import { FormatError } from '../errors.ts';
import type { GatewayListener, GatewayPort } from '../model/gateway-port.ts';
import { type ListenerPlace, listenerKey, type Route } from '../model/route.ts';
import {
  type Explanation,
  type LossReason,
  nearMiss,
  type PortExplanation,
  readRequest,
  takes,
} from './explanation.ts';
import { AmbiguousPathError } from './gateway/ambiguous-path-error.ts';
import { AskedRequest } from './gateway/asked-request.ts';
import { Conditions, conditionsLabel, type ValueTest } from './gateway/conditions.ts';
import { Hostnames } from './gateway/hostnames.ts';
import { pathPattern } from './gateway/pattern-routes.ts';
import { listenerOf } from './gateway/ranked-routes.ts';
import { upperCaseEscapes } from './path.ts';
import { CostBudget } from './pattern/cost-budget.ts';
import { PatternCostError } from './pattern/pattern-cost-error.ts';
import { hostCandidates, type RouteTable } from './table.ts';
import { upstreamTarget } from './upstream-target.ts';

/** What a person asks of a port of a Gateway, beside host and target. */
export interface PortQuestion {
  readonly port: GatewayPort;
  readonly method: string;
  /** By name in lower case; several lines are joined. */
  readonly headers: ReadonlyMap<string, string>;
  /** Of the TLS session; absent: the host of the request. */
  readonly serverName?: string | undefined;
}

interface Asked {
  readonly host: string;
  readonly hosts: ReadonlySet<string>;
  readonly path: string;
  readonly lowerPath: string;
  /** Hostname of the listener that takes the host. */
  readonly listener: string;
  readonly request: AskedRequest;
}

/**
 * As {@link explain}, for a port of a Gateway.
 * @returns undefined for a request that would be answered with 400
 * @throws {FormatError} for one that would be answered with 500, because the patterns of its listener take too long
 */
export function explainPort(
  table: RouteTable,
  host: string,
  target: string,
  question: PortQuestion,
  mergeSlashes = true,
): Explanation | undefined {
  const read = readRequest(host, target, mergeSlashes);
  if (read === undefined) return undefined;
  const { port } = question;
  const path = upperCaseEscapes(read.path);
  const request = askedRequest(question, read.query);
  const listeners = new Hostnames(port.listeners.map(listener => [listener.hostname, listener]));
  const listener = listeners.closest(read.host);
  const at = portExplanation(port, listener, listeners.closest(question.serverName ?? read.host));
  const asked = {
    ...{ host: read.host, hosts: new Set([...hostCandidates(read.host), '']), path, lowerPath: path.toLowerCase() },
    ...{ listener: listener?.hostname ?? '', request },
  };
  let route: Route | undefined;
  if (listener !== undefined && at.sessionListener === undefined) {
    const found = find(table, port, asked);
    if (found === 'ambiguous') return undefined;
    route = found;
  }
  const losers: { route: Route; reason: LossReason }[] = [];
  for (const other of table.routes()) {
    if (other === route || other.listener?.port !== port.id) continue;
    const reason = lossReason(other, listenerOf(other), route, asked);
    if (reason !== undefined) losers.push({ route: other, reason });
  }
  return {
    ...{ host: read.host, path: read.path, query: read.query, route, at },
    rule: route && ruleOf(route, asked),
    upstreamPath: route === undefined ? '' : read.path,
    upstreamTarget: route && upstreamTarget(route, read.path, read.path, read.query),
    losers,
  };
}

function find(
  table: RouteTable,
  port: GatewayPort,
  { listener, host, path, request }: Asked,
): Route | 'ambiguous' | undefined {
  try {
    return table.matchListener(listenerKey(port.id, listener), host, path, request);
  } catch (error) {
    if (error instanceof AmbiguousPathError) return 'ambiguous';
    if (!(error instanceof PatternCostError)) throw error;
    throw new FormatError(
      `the patterns of the listener take too long for ${path}: a request for it is answered with 500`,
    );
  }
}

function askedRequest({ method, headers }: PortQuestion, query: string): AskedRequest {
  const request = new AskedRequest();
  request.begin({ method, field: name => headers.get(name) ?? '', fields: () => headers }, query);
  return request;
}

function portExplanation(
  { id, transport }: GatewayPort,
  listener: GatewayListener | undefined,
  ofSession: GatewayListener | undefined,
): PortExplanation {
  const isMisdirected = transport === 'tls' && listener !== undefined && ofSession !== listener;
  return {
    port: id,
    listener: listener?.name ?? '',
    ...(isMisdirected && { sessionListener: ofSession?.name ?? '' }),
  };
}

/** Which rules have decided: that of the host, that of the path, then the conditions. */
function ruleOf({ host, path, match, listener }: Route, { host: asked }: Asked): string {
  const named = host === '' ? 'no other hostname takes it' : 'its longest wildcard';
  const prefix = path === '/' ? 'no other path does' : 'its longest prefix';
  const ofPath = { exact: 'an exact path', regex: 'the first pattern that matches: longer texts come first', prefix };
  const conditions = conditionsLabel(listener?.conditions);
  return [
    host === asked ? 'the host is named' : named,
    ofPath[match ?? 'prefix'],
    ...(conditions === '' ? [] : [`with ${conditions}`]),
  ].join(', ');
}

function lossReason(
  route: Route,
  place: ListenerPlace,
  winner: Route | undefined,
  asked: Asked,
): LossReason | undefined {
  const takesPath = mayTake(() => pathTakes(route, asked.path));
  const takesHost = asked.hosts.has(route.host);
  if (place.hostname !== asked.listener) {
    // A rule has routes at each listener of its parent.
    const isSameRule = winner !== undefined && winner.gateway === route.gateway;
    return takesPath && takesHost && !isSameRule ? 'another listener of the port takes the host' : undefined;
  }
  if (!takesHost) return takesPath ? 'it is for another host' : undefined;
  if (!takesPath) return route.match === undefined ? nearMiss(route.path, asked.path, asked.lowerPath) : undefined;
  return unmetCondition(place, asked.request) ?? (winner && orderReason(route, winner));
}

function pathTakes({ path, match }: Route, asked: string): boolean {
  if (match === 'exact') return asked === path;
  if (match === undefined) return takes(path, asked);
  return pathPattern(path).match(asked, BUDGET) !== undefined;
}

/** For each question: what a person asks may take longer than a request. */
const BUDGET = new CostBudget(500_000);

function mayTake(test: () => boolean): boolean {
  BUDGET.begin();
  try {
    return test();
  } catch (error) {
    if (error instanceof PatternCostError) return false;
    throw error;
  }
}

function unmetCondition({ conditions }: ListenerPlace, request: AskedRequest): LossReason | undefined {
  if (conditions === undefined) return undefined;
  const { method, headers, query } = new Conditions(conditions);
  if (method !== undefined && method !== request.method) return 'its method is another one';
  const isMet = (test: ValueTest, value: string): boolean => mayTake(() => test.takes(value, BUDGET));
  if (!headers.every(header => isMet(header, request.header(header.name)))) {
    return 'the request has not the headers that it asks for';
  }
  const hasQuery = query.every(parameter => isMet(parameter, request.parameter(parameter.name)));
  return hasQuery ? undefined : 'the request has not the query parameters that it asks for';
}

/** Why a route that would take the request comes behind another one. */
function orderReason(route: Route, winner: Route): LossReason {
  if (route.host !== winner.host) return 'a more specific host wins';
  if (route.listener?.hostRank !== winner.listener?.hostRank) return 'a route with a closer hostname wins';
  if (route.match !== winner.match || route.path !== winner.path) {
    if (winner.match === 'exact') return 'an exact path of the same host wins';
    return winner.match === 'regex' ? 'a pattern of the same host wins' : 'a longer path of the same host wins';
  }
  return 'for the same path, a rule with more conditions, or of an older route, wins';
}
