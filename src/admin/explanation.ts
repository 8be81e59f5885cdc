/** Which route takes a request: the question as the admin servers get it, and the answer as they give it. */

import type { ClusterSource } from '../control/cluster-reports.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import { FormatError } from '../errors.ts';
import type { RouteLimits, ServiceRef } from '../model/route.ts';
import { explain } from '../routing/explain.ts';
import { type Explanation, type LossReason, takes } from '../routing/explanation.ts';
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
  /** Which rules have decided for a location of an Ingress; absent elsewhere. */
  readonly rule: string | undefined;
  readonly upstreamTarget: string | undefined;
  /** Where it would go; absent where kube-proxy chooses. */
  readonly endpoints: EndpointChoiceView | undefined;
  /** In force for the request. */
  readonly limits: RouteLimits | undefined;
  /** What the policies of the route would do with the request, in the order in which it meets them. */
  readonly policies: readonly PolicyExplanation[];
  /** Services that ask for the host and path of the route, too, and get it when its Service gives it up. */
  readonly waiting: readonly ServiceRef[];
  readonly losers: readonly { readonly route: RouteView; readonly reason: LossReason }[];
  /** Of Services that ask for a path which would take the request. */
  readonly refusals: readonly DiagnosticView[];
}

/** @param query `host` and `path` @throws FormatError for what is missing, or for a request that would not get as far as a route */
export function explainQuery(query: unknown, { table, mergeSlashes }: ControlPlane): Explanation {
  const host = queryParameter(query, 'host') ?? '';
  const path = queryParameter(query, 'path');
  if (path === undefined) throw new FormatError('say which path: /explain?host=HOST&path=/PATH');
  if (host !== '' && parseHost(host) === undefined) {
    throw new FormatError(`host "${host}": a request with this Host is answered with 400`);
  }
  const explanation = explain(table, host, path, mergeSlashes);
  if (explanation === undefined) throw new FormatError(`path "${path}": a request for it is answered with 400`);
  return explanation;
}

/** @throws FormatError when it is given more than once */
export function queryParameter(query: unknown, name: string): string | undefined {
  const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new FormatError(`${name}: give it once`);
}

/** @param query `method`, `client-ip`, and `header` any number of times @throws FormatError */
export function clientQuery(query: unknown): ClientFacts {
  const given: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, 'header') : undefined;
  const headerLines = Array.isArray(given) ? given.map(String) : given === undefined ? [] : [String(given)];
  const method = queryParameter(query, 'method') ?? '';
  return readClient({ method, clientIp: queryParameter(query, 'client-ip') ?? '', headerLines });
}

/** What an explanation is completed with. */
export type ExplanationContext = Pick<ControlPlane, 'refusals' | 'conflicts' | 'limits'> &
  ClusterSource & { readonly reports: Pick<ControlPlane['reports'], 'choose'> };

export function viewExplanation(
  explanation: Explanation,
  client: ClientFacts,
  context: ExplanationContext,
): ExplanationView {
  const { route, losers, path, query, upstreamPath: _, ...rest } = explanation;
  const { host } = rest;
  const choice = route && context.reports.choose(route.cluster, { host, path, query, ...client });
  const matched = upperCaseEscapes(path);
  // A shorter prefix of another Service would not have won either.
  const wouldTake = (prefix: string): boolean => takes(prefix, matched) && prefix.length >= (route?.path.length ?? 0);
  return {
    ...rest,
    path,
    route: route && viewRoute(route, context),
    endpoints: choice && viewChoice(choice),
    limits: route && { ...context.limits, ...route.overrides },
    policies: route === undefined ? [] : explainPolicies(route.policies, explainedRequest(explanation, client)),
    waiting: context
      .conflicts()
      .filter(conflict => route !== undefined && conflict.host === route.host && conflict.path === route.path)
      .map(({ loser }) => loser),
    losers: losers.map(loser => ({ ...loser, route: viewRoute(loser.route, context) })),
    refusals: context
      .refusals()
      .filter(({ paths }) => paths.some(wouldTake))
      .map(viewDiagnostic),
  };
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
