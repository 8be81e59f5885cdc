/** The rules of routes that say what one location of an Ingress host does. Pure. */
import { formatNginxText } from '../../formats/nginx-text.ts';
import type { Route, RouteOverrides, ServiceRef } from '../../model/route.ts';
import { answerWords } from './answer-words.ts';
import { type BackendRule, backendRules } from './backend-words.ts';
import { responseHeader } from './header-words.ts';
import type { GrpcMethod, PathModifier, RouteFilter, RouteRule, RuleMatch } from './manifests.ts';
import * as annotations from './own-annotations.ts';
import type { PathForm } from './path-forms.ts';
import { wordsOf } from './policy-words.ts';
import { serviceWords } from './service-words.ts';
import type { WordsContext } from './words.ts';

export type ListenerKind = 'http' | 'https';

/** Rules that belong together, and what is asked of the object that holds them. */
export interface PlacedRules {
  readonly ingress: ServiceRef;
  readonly kind: 'HTTPRoute' | 'GRPCRoute';
  readonly listeners: readonly ListenerKind[];
  readonly rules: readonly RouteRule[];
  readonly annotations: annotations.Annotations;
  /** They send clients of plain HTTP to https. */
  readonly sendsToHttps?: true;
}

/** A location, as its host is served. */
export interface LocationContext extends WordsContext {
  /** The host has a listener for https. */
  readonly hasHttps: boolean;
  /** What holds for locations that say nothing of their own. */
  readonly usual: RouteOverrides;
}

export function locationRules(route: Route, form: PathForm | string, context: LocationContext): PlacedRules[] {
  const { ingress, policies = [] } = route;
  if (ingress === undefined) return [];
  if (typeof form === 'string') {
    const reason = `the path ${route.path} is not written: ${form}`;
    context.say({ names: [], verdict: 'refused', reason });
    return [];
  }
  const both: readonly ListenerKind[] = context.hasHttps ? ['http', 'https'] : ['http'];
  const own = { ingress: ingress.ingress, kind: 'HTTPRoute' as const };
  const answer = answerWords(policies, context);
  if (answer !== undefined) {
    if ('isLeftOut' in answer) return [];
    const filters = 'filter' in answer ? [answer.filter] : [];
    const rule = { matches: matchesOf(form), ...(filters.length > 0 && { filters }) };
    // A rule without a backend would be a mistake, if nothing but an annotation answered.
    return [{ ...own, listeners: both, rules: [rule], annotations: 'annotations' in answer ? answer.annotations : {} }];
  }
  const words = wordsOf(policies, context);
  const backends = words.isLeftOut ? undefined : backendRules(route.cluster, route.canary, context);
  if (backends === undefined) return [];
  serviceWords(route, context);
  const redirect = redirectRules(route, form, context);
  const filters = filtersOf(route, form, words.filters, context);
  const { kind, match } = kindOf(route, form, filters, context);
  return [
    ...redirect,
    {
      ...own,
      kind,
      listeners: redirect.length > 0 ? ['https'] : both,
      rules: backends.map(backend => ruleOf(match, backend, filters)),
      annotations: {
        ...words.annotations,
        ...(form.rewrite !== undefined && annotations.own('rewrite', form.rewrite)),
        ...annotations.limits(route.overrides, context.usual),
      },
    },
  ];
}

function ruleOf(match: RuleMatch, { headers, backendRefs }: BackendRule, filters: readonly RouteFilter[]): RouteRule {
  const whole = { ...match, ...(headers && { headers }) };
  return {
    ...(Object.keys(whole).length > 0 && { matches: [whole] }),
    ...(filters.length > 0 && { filters }),
    backendRefs,
  };
}

function redirectRules({ ingress }: Route, form: PathForm, { hasHttps, say }: LocationContext): PlacedRules[] {
  const { tlsRedirect } = ingress ?? {};
  if (ingress === undefined || tlsRedirect === undefined) return [];
  if (!hasHttps) {
    const reason =
      'there is no certificate for the host here, and a Gateway does not know that another proxy has ended TLS';
    const mend = 'let that proxy send its clients to https, or give the host a certificate';
    say({ names: ['force-ssl-redirect'], verdict: 'unsupported', reason, mend });
    return [];
  }
  const { status: statusCode } = tlsRedirect;
  const filters: readonly RouteFilter[] = [
    { type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode } },
  ];
  const rule = { matches: matchesOf(form), filters };
  return [
    {
      ingress: ingress.ingress,
      kind: 'HTTPRoute',
      listeners: ['http'],
      rules: [rule],
      annotations: {},
      sendsToHttps: true,
    },
  ];
}

function matchesOf({ match }: PathForm): readonly RuleMatch[] {
  return [{ path: match }];
}

function filtersOf(
  { ingress }: Route,
  { modifier: path, isPlain }: PathForm,
  filters: readonly RouteFilter[],
  context: LocationContext,
): readonly RouteFilter[] {
  if (isPlain) {
    const reason =
      'the path is no regular expression any more: upper and lower case are told apart, and /foo takes no /foobar';
    context.say({ names: ['rewrite-target', 'use-regex'], verdict: 'differs', reason });
  }
  const { hsts, upstreamHost, isLogged } = ingress ?? {};
  const hostname = upstreamHost && hostnameOf(formatNginxText(upstreamHost), context);
  if (isLogged === false) {
    const reason = 'its requests are logged as all others are';
    context.say({ names: ['enable-access-log'], verdict: 'unsupported', reason });
  }
  const rewrite = urlRewrite(hostname, path);
  const security =
    hsts === undefined || !context.hasHttps ? [] : (responseHeader('Strict-Transport-Security', hsts).filters ?? []);
  return [...filters, ...rewrite, ...security];
}

function hostnameOf(text: string, { say }: LocationContext): string | undefined {
  if (text === '$host' || text === '$http_host') return undefined;
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text)) return text;
  const reason = 'the Host for the Service is a host name without a port and without variables';
  say({ names: ['upstream-vhost'], verdict: 'unsupported', reason });
  return undefined;
}

function urlRewrite(hostname: string | undefined, path: PathModifier | undefined): RouteFilter[] {
  if (hostname === undefined && path === undefined) return [];
  return [{ type: 'URLRewrite', urlRewrite: { ...(hostname !== undefined && { hostname }), ...(path && { path }) } }];
}

const GRPC_FILTERS: ReadonlySet<string> = new Set(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror']);

/** Calls of gRPC have routes of their own, which name services and methods. */
function kindOf(
  { cluster }: Route,
  { match }: PathForm,
  filters: readonly RouteFilter[],
  context: LocationContext,
): { readonly kind: PlacedRules['kind']; readonly match: RuleMatch } {
  const protocol = context.destination(cluster)?.cluster.protocol;
  const method = protocol === 'grpc' || protocol === 'grpcs' ? grpcMethod(match) : undefined;
  const fits = filters.every(({ type }) => GRPC_FILTERS.has(type));
  if (method === undefined || !fits) return { kind: 'HTTPRoute', match: { path: match } };
  return { kind: 'GRPCRoute', match: Object.keys(method).length === 0 ? {} : { method } };
}

/** Of `/`, `/SERVICE` and `/SERVICE/METHOD`. */
function grpcMethod({ type, value }: PathForm['match']): GrpcMethod | undefined {
  if (type === 'RegularExpression') return undefined;
  if (value === '/') return {};
  const [, service, method] = /^\/([A-Za-z_][\w.]*)(?:\/([A-Za-z_]\w*))?$/.exec(value) ?? [];
  if (service === undefined || (type === 'Exact' && method === undefined)) return undefined;
  return method === undefined ? { service } : { service, method };
}
