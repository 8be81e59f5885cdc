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
import { HEADER_NAME, HEADER_VALUE, readFilter } from './read-filter.ts';
import { HOSTNAME, NAME, readBackendRef, readParentRef, readSavedUnknown, readUnknown } from './read-parts.ts';

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

const HTTP_RULE = new Set(['name', 'matches', 'filters', 'backendRefs', 'timeouts', 'retry', 'unknown']);
const HTTP_MATCH = new Set(['path', 'headers', 'queryParams', 'method']);
const GRPC_RULE = new Set(['name', 'matches', 'filters', 'backendRefs', 'unknown']);
const GRPC_MATCH = new Set(['method', 'headers']);

export function readHttpRouteSpec(spec: Field): HttpRouteSpec {
  const rules = spec.at('rules');
  return {
    ...readCommon(spec, FEW),
    // What an API server fills in.
    rules: rules.isAbsent ? [{ ...EMPTY_RULE, matches: [ANY_REQUEST] }] : rules.list(FEW, readHttpRule),
  };
}

export function readGrpcRouteSpec(spec: Field): GrpcRouteSpec {
  return { ...readCommon(spec, FEW), rules: spec.at('rules').list(FEW, readGrpcRule) };
}

export function readTlsRouteSpec(spec: Field): TlsRouteSpec {
  return {
    ...readCommon(spec, TLS_HOSTS),
    rules: spec.at('rules').list(FEW, rule => ({
      name: rule.at('name').maybeText(NAME),
      backendRefs: rule.at('backendRefs').list(FEW, readWeighted),
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
    unknown: unknownOf(rule, HTTP_RULE, HTTP_MATCH),
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
    unknown: unknownOf(rule, GRPC_RULE, GRPC_MATCH),
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

/** What of a rule this program does not know: to pass over it would serve more, or otherwise, than its author allows. */
function unknownOf(rule: Field, known: ReadonlySet<string>, knownOfMatch: ReadonlySet<string>): string[] {
  const ofMatches = rule.at('matches').list(MATCHES, match => readUnknown(match, knownOfMatch, 'matches.'));
  return [...new Set([...readSavedUnknown(rule), ...readUnknown(rule, known), ...ofMatches.flat()])];
}
