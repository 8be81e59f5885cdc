import type { Field, TextRule } from './field.ts';
import type {
  BackendRef,
  GrpcMatch,
  GrpcRouteRule,
  GrpcRouteSpec,
  HttpMatch,
  HttpRouteRule,
  HttpRouteSpec,
  ParentRef,
  RouteFilter,
  TlsRouteSpec,
  ValueMatch,
} from './gateway-object.ts';
import { GRPC_RULE_FIELDS, HTTP_RULE_FIELDS, ROUTE_FIELDS, TLS_RULE_FIELDS, unknownFields } from './known-fields.ts';
import { HEADER_NAME, HEADER_VALUE, readFilter } from './read-filter.ts';
import { HOSTNAME, NAME, readBackendRef, readParentRef, readUnknown } from './read-parts.ts';

/** Several times what the schema of today allows: 32 parents, 16 hosts, rules, filters, backends and headers, 64 matches. */
const PARENTS = 128;
const FEW = 64;
const MATCHES = 256;
/** Of a TLSRoute the schema allows as many. */
const TLS_HOSTS = 1024;
const CODES = 200;
const MOST_WEIGHT = 1_000_000;
const MOST = 2 ** 31 - 1;
const PATH: TextRule = { most: 4096 };
const DURATION: TextRule = { most: 64 };

const ANY_PATH: HttpMatch['path'] = { type: 'PathPrefix', value: '/' };
const ANY_REQUEST: HttpMatch = { path: ANY_PATH, headers: [], queryParams: [] };

export function readHttpRouteSpec(spec: Field): HttpRouteSpec {
  return {
    ...readCommon(spec, FEW),
    // What an API server fills in.
    rules: spec.at('rules').isAbsent ? [{ ...EMPTY_RULE, matches: [ANY_REQUEST] }] : readRules(spec, readHttpRule),
  };
}

export function readGrpcRouteSpec(spec: Field): GrpcRouteSpec {
  return { ...readCommon(spec, FEW), rules: readRules(spec, readGrpcRule) };
}

export function readTlsRouteSpec(spec: Field): TlsRouteSpec {
  return {
    ...readCommon(spec, TLS_HOSTS),
    rules: readRules(spec, rule => ({
      name: rule.at('name').maybeText(NAME),
      backendRefs: rule.at('backendRefs').list(FEW, readWeighted),
      unknown: readUnknown(rule, TLS_RULE_FIELDS),
    })),
  };
}

const EMPTY_RULE: HttpRouteRule = { matches: [], filters: [], backendRefs: [], unknown: [] };

function readCommon(spec: Field, mostHosts: number): { parentRefs: ParentRef[]; hostnames: string[] } {
  return {
    parentRefs: spec.at('parentRefs').list(PARENTS, readParentRef),
    hostnames: spec.at('hostnames').list(mostHosts, host => host.text(HOSTNAME)),
  };
}

function readHttpRule(rule: Field): HttpRouteRule {
  const matches = rule.at('matches').list(MATCHES, readHttpMatch);
  return {
    name: rule.at('name').maybeText(NAME),
    matches: matches.length === 0 ? [ANY_REQUEST] : matches,
    filters: rule.at('filters').list(FEW, readFilter),
    backendRefs: rule.at('backendRefs').list(FEW, readFilteredBackend),
    timeouts: rule.at('timeouts').maybe(timeouts => ({
      request: timeouts.at('request').maybeText(DURATION),
      backendRequest: timeouts.at('backendRequest').maybeText(DURATION),
    })),
    retry: rule.at('retry').maybe(retry => ({
      codes: retry.at('codes').list(CODES, code => code.whole(100, 599)),
      attempts: retry.at('attempts').maybe(attempts => attempts.whole(0, MOST)),
      backoff: retry.at('backoff').maybeText(DURATION),
    })),
    unknown: readUnknown(rule, HTTP_RULE_FIELDS),
  };
}

function readHttpMatch(match: Field): HttpMatch {
  const path = match.at('path');
  return {
    path: path.isAbsent
      ? ANY_PATH
      : {
          type: path.at('type').maybeText(NAME) ?? ANY_PATH.type,
          value: path.at('value').maybeText(PATH) ?? ANY_PATH.value,
        },
    headers: match.at('headers').list(FEW, readValueMatch),
    queryParams: match.at('queryParams').list(FEW, readValueMatch),
    method: match.at('method').maybeText(NAME),
  };
}

function readGrpcRule(rule: Field): GrpcRouteRule {
  return {
    name: rule.at('name').maybeText(NAME),
    matches: rule.at('matches').list(MATCHES, readGrpcMatch),
    filters: rule.at('filters').list(FEW, readFilter),
    backendRefs: rule.at('backendRefs').list(FEW, readFilteredBackend),
    unknown: readUnknown(rule, GRPC_RULE_FIELDS),
  };
}

function readGrpcMatch(match: Field): GrpcMatch {
  return {
    method: match.at('method').maybe(method => ({
      type: method.at('type').maybeText(NAME) ?? 'Exact',
      service: method.at('service').maybeText(PATH),
      method: method.at('method').maybeText(PATH),
    })),
    headers: match.at('headers').list(FEW, readValueMatch),
  };
}

/** Of a header or a query parameter, whose names have one form in the API. */
function readValueMatch(match: Field): ValueMatch {
  return {
    type: match.at('type').maybeText(NAME) ?? 'Exact',
    name: match.at('name').text(HEADER_NAME),
    value: match.at('value').text(HEADER_VALUE),
  };
}

function readWeighted(ref: Field): BackendRef & { weight: number } {
  return { ...readBackendRef(ref), weight: ref.at('weight').maybe(weight => weight.whole(0, MOST_WEIGHT)) ?? 1 };
}

function readFilteredBackend(ref: Field): BackendRef & { weight: number; filters: RouteFilter[] } {
  return { ...readWeighted(ref), filters: ref.at('filters').list(FEW, readFilter) };
}

/** To pass over what is not known would serve more, or otherwise, than the author of the route allows. */
function readRules<Rule extends { readonly unknown: readonly string[] }>(
  spec: Field,
  readRule: (rule: Field) => Rule,
): Rule[] {
  const ofRoute = unknownFields(spec.value, ROUTE_FIELDS, 'spec.');
  const rules = spec.at('rules').list(FEW, readRule);
  return ofRoute.length === 0 ? rules : rules.map(rule => ({ ...rule, unknown: [...ofRoute, ...rule.unknown] }));
}
