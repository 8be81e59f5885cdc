/** Which route takes a request: the question as the admin servers get it, and the answer as they give it. */

import type { ClusterSource } from '../control/cluster-reports.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import type { LimitOrigins } from '../control/limits.ts';
import type { PlainRedirect } from '../control/route-reports.ts';
import { FormatError } from '../errors.ts';
import type { GatewayPort } from '../model/gateway-port.ts';
import type { ClusterId, Route, RouteLimits, ServiceRef } from '../model/route.ts';
import { explain } from '../routing/explain.ts';
import { explainPort } from '../routing/explain-port.ts';
import { sharedPortFor } from '../routing/explain-shared.ts';
import { type Explanation, type LossReason, type PortExplanation, takes } from '../routing/explanation.ts';
import { type AskedPort, askedPort, gatewaysAt } from '../routing/gateway/asked-port.ts';
import { parseHost } from '../routing/host.ts';
import { upperCaseEscapes } from '../routing/path.ts';
import { explainPolicies, type PolicyExplanation } from '../translate/policies/policies.ts';
import type { ExplainedRequest } from '../translate/policies/policy-definition.ts';
import { type DiagnosticView, viewDiagnostic } from './diagnostic-view.ts';
import { type ClientFacts, type EndpointChoiceView, readClient, viewChoice } from './endpoint-choice-view.ts';
import { type RouteView, viewRoute } from './route-view.ts';

/** Without a route there is no `route`, no `upstreamTarget` and no `limits`. */
export interface ExplanationView {
  readonly host: string;
  readonly path: string;
  readonly route: RouteView | undefined;
  /** Which rules have decided for a location of an Ingress or a rule of a Gateway; absent elsewhere. */
  readonly rule: string | undefined;
  /** Present where a port of a Gateway was asked about. */
  readonly at?: PortExplanation;
  /** `NAMESPACE/NAME` of Gateways and ListenerSets: present where another port was asked about, and no route takes the request there. */
  readonly gateways?: readonly string[];
  readonly upstreamTarget: string | undefined;
  /** Where it would go; absent where kube-proxy chooses, or several clusters share the requests. */
  readonly endpoints: EndpointChoiceView | undefined;
  /** In force for the request. */
  readonly limits: RouteLimits | undefined;
  /** What says each of them. */
  readonly limitOrigins: LimitOrigins | undefined;
  /** The answer to the request in plain HTTP; absent where it is that of TLS, which all the rest is about. */
  readonly plainRedirect: PlainRedirect | undefined;
  /** What the policies of the route would do with the request, in the order in which it meets them. */
  readonly policies: readonly PolicyExplanation[];
  /** Services that ask for the host and path of the route, too, and get it when its Service gives it up. */
  readonly waiting: readonly ServiceRef[];
  readonly losers: readonly { readonly route: RouteView; readonly reason: LossReason }[];
  /** Of Services that ask for a path which would take the request. */
  readonly refusals: readonly DiagnosticView[];
}

/** The answer to a question. @param query as {@link explainQuery} and {@link clientQuery} have it @throws FormatError */
export function viewQuery(query: unknown, control: ControlPlane): ExplanationView {
  const client = clientQuery(query);
  return viewExplanation(explainQuery(query, client, control), client, control);
}

/** What is explained, and with what. */
type Explaining = Pick<ControlPlane, 'table' | 'mergeSlashes' | 'gatewayPorts'>;

/**
 * @param query `host` and `path`, and for a port of a Gateway `gateway`, `port` and `sni`
 * @throws FormatError for what is missing, or for a request that would not get as far as a route
 */
function explainQuery(query: unknown, client: ClientFacts, control: Explaining): Explanation {
  const host = queryParameter(query, 'host') ?? '';
  const path = queryParameter(query, 'path');
  if (path === undefined) throw new FormatError('say which path: /explain?host=HOST&path=/PATH');
  if (host !== '' && parseHost(host) === undefined) {
    throw new FormatError(`host "${host}": a request with this Host is answered with 400`);
  }
  const [gateway, port] = [queryParameter(query, 'gateway'), queryParameter(query, 'port')];
  const asked = { host, target: path, gateway, port, serverName: queryParameter(query, 'sni') };
  const explanation = explainAsked(asked, client, control);
  if (explanation === undefined) throw new FormatError(`path "${path}": a request for it is answered with 400`);
  return explanation;
}

/** What a person asks, whichever port it is about. */
export interface AskedTarget extends Pick<AskedPort, 'gateway' | 'port'> {
  readonly host: string;
  /** Path and query, or a URL. */
  readonly target: string;
  readonly serverName?: string | undefined;
}

/** @returns undefined for a request that would be answered with 400 @throws FormatError for a port that no Gateway has */
export function explainAsked(
  { host, target, gateway, port, serverName }: AskedTarget,
  { method, headers }: ClientFacts,
  control: Explaining,
): Explanation | undefined {
  const { table, mergeSlashes } = control;
  const [, scheme] = /^(https?):\/\//i.exec(target) ?? [];
  const isSecure = scheme === undefined ? undefined : scheme.toLowerCase() === 'https';
  const isNamed = gateway !== undefined || port !== undefined;
  const named = isNamed ? askedPort(control.gatewayPorts(), { gateway, port, isSecure }) : undefined;
  const isOwn = named !== undefined && named.isShared !== true;
  const ports = named === undefined ? control.gatewayPorts() : [named];
  const at = isOwn ? named : sharedPortFor(table, ports, { host, target, mergeSlashes, isSecure });
  // Services and Ingresses have what no listener has.
  if (at === undefined) return explain(table, host, target, mergeSlashes);
  return explainPort(table, host, target, { port: at, method, headers, serverName }, mergeSlashes);
}

/** @throws FormatError when it is given more than once */
export function queryParameter(query: unknown, name: string): string | undefined {
  const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new FormatError(`${name}: give it once`);
}

/** @param query `method`, `client-ip`, and `header` any number of times @throws FormatError */
function clientQuery(query: unknown): ClientFacts {
  const given: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, 'header') : undefined;
  const headerLines = Array.isArray(given) ? given.map(String) : given === undefined ? [] : [String(given)];
  const method = queryParameter(query, 'method') ?? '';
  return readClient({ method, clientIp: queryParameter(query, 'client-ip') ?? '', headerLines });
}

/** What an explanation is completed with. */
export type ExplanationContext = Pick<ControlPlane, 'refusals' | 'conflicts' | 'limits' | 'routes' | 'gatewayPorts'> &
  ClusterSource & { readonly reports: Pick<ControlPlane['reports'], 'choose'> };

export function viewExplanation(
  explanation: Explanation,
  client: ClientFacts,
  context: ExplanationContext,
): ExplanationView {
  const { route, losers, path, query, upstreamPath: _, ...rest } = explanation;
  const { host, at } = rest;
  const cluster = route && onlyCluster(route);
  const choice = cluster === undefined ? undefined : context.reports.choose(cluster, { host, path, query, ...client });
  const gateways = route === undefined && at === undefined ? [...context.gatewayPorts()].flatMap(gatewayNames) : [];
  return {
    ...rest,
    path,
    route: route && viewRoute(route, context),
    endpoints: choice && viewChoice(choice),
    limits: route && { ...context.limits, ...route.overrides },
    limitOrigins: route && context.routes.limitOrigins(route),
    plainRedirect: context.routes.plainRedirect(explanation),
    policies: route === undefined ? [] : explainPolicies(route.policies, explainedRequest(explanation, client)),
    losers: losers.map(loser => ({ ...loser, route: viewRoute(loser.route, context) })),
    ...(at === undefined ? others(explanation, context) : { waiting: [], refusals: [] }),
    ...(gateways.length > 0 && { gateways: [...new Set(gateways)] }),
  };
}

/** The cluster that gets all requests of a route; undefined where several share them. */
function onlyCluster({ cluster, backends = [] }: Route): ClusterId | undefined {
  const [first, ...more] = backends.filter(({ weight }) => weight > 0);
  if (more.length > 0) return undefined;
  return first?.cluster ?? cluster;
}

/** Services that ask for the path of a route, too, or would if they were not refused. */
function others(
  { route, path }: Explanation,
  context: ExplanationContext,
): Pick<ExplanationView, 'waiting' | 'refusals'> {
  const matched = upperCaseEscapes(path);
  // A shorter prefix of another Service would not have won either.
  const wouldTake = (prefix: string): boolean => takes(prefix, matched) && prefix.length >= (route?.path.length ?? 0);
  return {
    waiting: context
      .conflicts()
      .filter(conflict => route !== undefined && conflict.host === route.host && conflict.path === route.path)
      .map(({ loser }) => loser),
    refusals: context
      .refusals()
      .filter(({ paths }) => paths.some(wouldTake))
      .map(viewDiagnostic),
  };
}

function gatewayNames(port: GatewayPort): string[] {
  return [...gatewaysAt(port)];
}

function explainedRequest(
  { host, path, query, upstreamPath }: Explanation,
  { method, clientIp, headers }: ClientFacts,
): ExplainedRequest {
  return {
    method,
    host,
    path,
    query,
    upstreamPath,
    clientIp: clientIp === '' ? undefined : clientIp,
    header: name => headers.get(name) ?? '',
  };
}
