/** An HTTPRoute or a GRPCRoute: where it attaches, what its rules become, and its status. Pure. */
import type { Certificate, CertificateId } from '../../../model/certificate.ts';
import type { Policy } from '../../../model/policy.ts';
import type { GrpcRouteObject, HttpRouteObject } from '../../../resources/gateway/gateway-object.ts';
import { inOrder } from '../../policies/in-order.ts';
import type { ListenerReading, RouteReading } from '../readings.ts';
import { type Attachment, attach, type Refusal } from './attachment.ts';
import { excessOfMatches, excessOfPlaces } from './bounds.ts';
import type { ServedHost } from './hostnames.ts';
import { type OwnPolicies, readOwnPolicies } from './own-policies.ts';
import { RouteClusters } from './route-clusters.ts';
import type { RouteContext } from './route-context.ts';
import { notOurs, routeDiagnostics, routeStatus } from './route-status.ts';
import { RuleFault } from './rule-fault.ts';
import { type RuleReading, readGrpcRule, readHttpRule, withFault } from './rules.ts';
import { type RuledKind, type ServedAt, servedRoutes } from './served-routes.ts';

export function readHttpRoute(object: HttpRouteObject, context: RouteContext): RouteReading {
  const { rules } = object.spec;
  return readRuledRoute('HTTPRoute', object, context, (clusters, hasMatches) =>
    rules.map((rule, index) => readHttpRule(hasMatches ? rule : { ...rule, matches: [] }, index, clusters)),
  );
}

export function readGrpcRoute(object: GrpcRouteObject, context: RouteContext): RouteReading {
  const { rules } = object.spec;
  return readRuledRoute('GRPCRoute', object, context, (clusters, hasMatches) =>
    rules.map((rule, index) => readGrpcRule(hasMatches ? rule : { ...rule, matches: [] }, index, clusters)),
  );
}

/** @param readRules reads the rules, with their matches or, where they would cost too much, without */
function readRuledRoute(
  kind: RuledKind,
  { metadata, spec }: HttpRouteObject | GrpcRouteObject,
  context: RouteContext,
  readRules: (clusters: RouteClusters, hasMatches: boolean) => readonly RuleReading[],
): RouteReading {
  const { namespace } = metadata;
  const attachments = attach({ kind, namespace, ...spec }, context);
  if (attachments.length === 0) return notOurs(kind, metadata);
  const own = readOwnPolicies(kind, metadata, context);
  const servedAt = listenersOf(attachments);
  const excess = excessOfMatches(spec.rules) ?? excessOfPlaces(spec.rules, servedAt);
  const readings = byCertificate(servedAt, context).map(({ certificate, listeners }) => {
    const clusters = new RouteClusters({ kind, namespace }, context, { certificate });
    return { clusters, listeners, rules: withOwnPolicies(readRules(clusters, excess === undefined), own, clusters) };
  });
  // They differ in clusters alone.
  const [{ rules, clusters }] = readings as [(typeof readings)[number]];
  const faulty = rules.filter(({ fault }) => fault !== undefined);
  const refusal = excess ?? wholeRefusal(rules, faulty);
  const faults = {
    refusal,
    dropped: refusal === undefined ? faulty.map(({ name, fault }) => `${name}: ${fault?.message}`) : [],
    refs: clusters.faults,
  };
  const destinations = [...own.destinations, ...readings.flatMap(one => one.clusters.found)];
  return {
    routes: excess === undefined ? readings.flatMap(one => servedRoutes(kind, metadata, one.rules, one.listeners)) : [],
    streams: [],
    destinations: [...new Map(destinations.map(found => [found.cluster.id, found])).values()],
    attached: refusal === undefined ? new Set(servedAt.keys()) : new Set(),
    status: routeStatus(kind, metadata, attachments, faults),
    diagnostics: routeDiagnostics(kind, metadata, attachments, faults, [...own.warnings, ...clusters.warnings]),
  };
}

interface ListenersByCertificate {
  readonly certificate: Certificate | undefined;
  readonly listeners: Map<ListenerReading, readonly ServedHost[]>;
}

/** The listeners by what their Gateways show to backends that ask for a certificate; at least one entry. */
function byCertificate(servedAt: ServedAt, { backendCertificate }: RouteContext): ListenersByCertificate[] {
  const groups = new Map<CertificateId | undefined, ListenersByCertificate>();
  for (const [listener, hosts] of servedAt) {
    const certificate = backendCertificate(listener.gateway);
    const group = groups.get(certificate?.id) ?? { certificate, listeners: new Map() };
    groups.set(certificate?.id, group);
    group.listeners.set(listener, hosts);
  }
  return groups.size === 0 ? [{ certificate: undefined, listeners: new Map() }] : [...groups.values()];
}

/** Where a rule has a filter or a limit that means the same, that counts. */
function withOwnPolicies(
  rules: readonly RuleReading[],
  { policies, overrides, fault }: OwnPolicies,
  clusters: RouteClusters,
): readonly RuleReading[] {
  if (fault !== undefined) return rules.map(rule => withFault(rule, new RuleFault(fault), clusters));
  if (policies.length === 0 && Object.keys(overrides).length === 0) return rules;
  const alone = inOrder(policies);
  return rules.map(read => {
    if (read.fault !== undefined) return read;
    const rule = { ...read, overrides: { ...overrides, ...read.overrides } };
    if (rule.policies.length === 0) return { ...rule, policies: alone };
    const kinds = new Set(rule.policies.map(({ kind }) => kind));
    const added = policies.filter(({ kind }) => !ONCE.has(kind) || !kinds.has(kind));
    return { ...rule, policies: inOrder([...added, ...rule.policies]) };
  });
}

const ONCE: ReadonlySet<Policy['kind']> = new Set(['cors', 'retry']);

/** Several parentRefs may lead to one listener. */
function listenersOf(attachments: readonly Attachment[]): ServedAt {
  const all = new Map<ListenerReading, readonly ServedHost[]>();
  for (const { listeners } of attachments) for (const [listener, hosts] of listeners) all.set(listener, hosts);
  return all;
}

/** Where some rules can be served, the route is accepted. */
function wholeRefusal(rules: readonly RuleReading[], faulty: readonly RuleReading[]): Refusal | undefined {
  const fault = faulty[0]?.fault;
  if (fault === undefined || faulty.length < rules.length) return undefined;
  return { reason: fault.reason, message: fault.message };
}
