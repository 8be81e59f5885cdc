/** The values the data plane knows. Kubernetes objects end before them: nothing here came unchecked from outside. */
import type { ClusterId } from './cluster-id.ts';
import type { PortId } from './gateway-port.ts';
import { clusterOfPolicy, type Policy, type VariableText } from './policy.ts';

export type { ClusterId } from './cluster-id.ts';

/** Names a Service. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** What a Service sets for itself; an absent field means the global setting. */
export interface RouteOverrides {
  readonly connectTimeoutMs?: number;
  readonly readTimeoutMs?: number;
  readonly sendTimeoutMs?: number;
  /** Bytes; 0 is no limit. */
  readonly maxBodySize?: number;
}

/** What a request to a route may take: its Service's own values, else the settings. */
export type RouteLimits = Required<RouteOverrides>;

/**
 * The host of routes that take the requests for any host that no other route names: those of Ingresses without a host. A route for
 * any host, whose host is empty, comes before them.
 */
export const CATCH_ALL_HOST = '_';

/** Where a route is served. A table holds one route for each place. */
export interface Place {
  /** Empty for any host, {@link CATCH_ALL_HOST}, else `example.com` or `*.example.com`, in lower case. */
  readonly host: string;
  /**
   * A normalised prefix without trailing slash and with escapes in upper case, taken at segment boundaries:
   * `/volume` takes `/volume/x`, not `/volumes`. See {@link match} for other paths.
   */
  readonly path: string;
  /**
   * `exact`: the path is a whole one, decoded. `regex`: it is a pattern, which matches without regard to case and from the start of
   * the decoded path. Absent: it is a prefix. For Gateways, an exact path is normalised as a prefix is, but for its slash at the end,
   * and a pattern takes whole paths, with regard to case.
   */
  readonly match?: 'exact' | 'regex' | undefined;
  /**
   * `ingress`: its host is matched as ingress-nginx does it. The decoded path counts, a wildcard takes one label, and all places of
   * the host are of this profile. `gateway`: it is served on a port of a Gateway alone, and matched as the Gateway API says. Absent: that
   * of annotated Services.
   */
  readonly profile?: 'ingress' | 'gateway' | undefined;
  /** Present where the profile is `gateway`: many routes share a host and a path there. */
  readonly listener?: ListenerPlace | undefined;
}

/** Where a route of a Gateway is served, besides host and path. */
export interface ListenerPlace {
  readonly port: PortId;
  /** Hostname of the listener, in lower case; empty: all hosts. */
  readonly hostname: string;
  /** Names one match of one rule of one object: no two places have the same port, listener, host and name. */
  readonly match: string;
  /** How closely the route's own hostname fits its requests. Of the routes for one host, those with more come first, whatever their paths. */
  readonly hostRank: number;
  /** Of routes with the same host, {@link hostRank} and path, that with the smaller text comes first. */
  readonly rank: string;
  /** What a request has to be like; absent: all are taken. */
  readonly conditions?: RequestConditions | undefined;
}

/** All have to be met. */
export interface RequestConditions {
  readonly method?: string;
  /** Names in lower case. */
  readonly headers?: readonly ValueCondition[];
  readonly query?: readonly ValueCondition[];
}

export interface ValueCondition {
  readonly name: string;
  /** The value, or a pattern that takes whole values. */
  readonly value: string;
  readonly isPattern?: true;
}

/** Which requests of a route go to another cluster, if it has endpoints: what ingress-nginx calls a canary. */
export interface CanaryRule {
  /** Of a hundred requests that neither the header nor the cookie decides, or of {@link weightTotal}. */
  readonly weight: number;
  readonly weightTotal?: number;
  /** In lower case. `always` and `never` decide, unless there is a value or a pattern. */
  readonly header: string;
  /** Requests with this value go to the canary; empty: none. It counts before the pattern. */
  readonly headerValue: string;
  /** A regular expression: requests with a value go to the canary in which it matches anywhere. */
  readonly headerPattern?: string;
  /** `always` and `never` decide. */
  readonly cookie: string;
  /**
   * A client stays with the cluster of the endpoint that its cookie names, whatever header and cookie say. Absent: that counts only
   * where neither decides.
   */
  readonly keepsBound?: true;
}

export interface Canary extends CanaryRule {
  readonly cluster: ClusterId;
  /** The Ingress that asks for it; absent: a Service does. */
  readonly ingress?: ServiceRef;
}

/** When a request in plain HTTP is sent to `https`, and how. */
export interface TlsRedirect {
  /** Also where the host has no certificate: another proxy ends TLS. */
  readonly isAlways: boolean;
  readonly status: number;
  /** A slash at the end of the target stays. */
  readonly keepsSlash: boolean;
}

/** What requests to a location of an Ingress get beyond what routes of Services do. Routes that agree share one. */
export interface IngressRoute {
  /** Whose location it is. */
  readonly ingress: ServiceRef;
  /** Absent: requests in plain HTTP stay there. */
  readonly tlsRedirect?: TlsRedirect;
  /** The value of Strict-Transport-Security (RFC 6797) in answers over TLS, whatever the upstream says. */
  readonly hsts?: string;
  /** Absent: the Host that the client has sent. */
  readonly upstreamHost?: VariableText;
  /** Its requests have no line in the access log. */
  readonly isLogged?: false;
  /** The Server header of upstreams goes on to clients. */
  readonly keepsServer?: true;
  /** Upstreams get X-Forwarded-For as it came with the address of the client behind; absent: the address of the client alone. */
  readonly forwardsChain?: true;
  /** Upstreams get X-Original-URI, the target that the client has asked for. */
  readonly tellsOriginalUri?: true;
  /** Its answers set the sticky cookie of the cluster. Other locations of the cluster obey the cookie of a client that has one. */
  readonly bindsClients?: true;
}

/** What requests to a route of a Gateway get beyond what routes of Services do. The routes of one rule share one. */
export interface GatewayRoute {
  /** Whose rule it is. */
  readonly object: { readonly kind: 'HTTPRoute' | 'GRPCRoute'; readonly namespace: string; readonly name: string };
  /** The name of the rule, or its number, from 0. */
  readonly rule: string;
  /** For the whole exchange, retries included; absent: no limit. */
  readonly requestTimeoutMs?: number;
  /** For one try; absent: no limit. */
  readonly backendTimeoutMs?: number;
}

/** One of several clusters that share the requests of a route. */
export interface WeightedBackend {
  readonly cluster: ClusterId;
  readonly weight: number;
  /** Of its requests alone, behind those of the route. */
  readonly policies?: readonly Policy[];
}

export interface Route extends Place {
  readonly stripPrefix: boolean;
  /** Put the stripped prefix back on `Location`, `Refresh` and cookie `Path`. */
  readonly rewriteRedirects: boolean;
  readonly overrides: RouteOverrides;
  /** Absent: a request in plain HTTP is sent to `https`, where the TLS port serves its host. */
  readonly tlsRedirect?: false;
  readonly cluster: ClusterId;
  readonly canary?: Canary;
  /** They share the requests by weight, {@link cluster} among them; absent: it gets all. */
  readonly backends?: readonly WeightedBackend[];
  /** In the order in which a request meets them; absent: there are none. Routes of one owner share the list. */
  readonly policies?: readonly Policy[];
  /** Present where the profile is `ingress`. */
  readonly ingress?: IngressRoute;
  /** Present where the profile is `gateway`. */
  readonly gateway?: GatewayRoute;
  readonly service: ServiceRef;
  /** RFC 3339, of the Service or Ingress; empty when it has none. Decides conflicts. */
  readonly createdAt: string;
}

/** The clusters that a route leads to: its own, those that share its requests, that of its canary, and those of its policies. */
export function clustersOf({
  cluster,
  canary,
  backends,
  policies,
}: Pick<Route, 'cluster' | 'canary' | 'backends' | 'policies'>): ClusterId[] {
  const clusters = [cluster, ...clustersOfPolicies(policies)];
  if (canary !== undefined) clusters.push(canary.cluster);
  for (const backend of backends ?? []) clusters.push(backend.cluster, ...clustersOfPolicies(backend.policies));
  return clusters;
}

function clustersOfPolicies(policies: readonly Policy[] = []): ClusterId[] {
  return policies.map(clusterOfPolicy).filter(cluster => cluster !== undefined);
}

const MATCH_SIGNS = { exact: '=', regex: '~' } as const;

/** A key for maps by listener. It is unique, because neither a port nor a hostname holds a space. */
export function listenerKey(port: PortId, hostname: string): string {
  return `${port} ${hostname}`;
}

/** A key for maps by place. It is unique, because a host holds no space, and a prefix begins with a slash. */
export function routeKey({ host, path, match, listener }: Place): string {
  if (listener !== undefined) return `${listenerKey(listener.port, listener.hostname)} ${host} ${listener.match}`;
  return match === undefined ? `${host} ${path}` : `${host} ${MATCH_SIGNS[match]}${path}`;
}

/** The place of a route, and nothing else of it. */
export function placeOf({ host, path, match, profile, listener }: Place): Place {
  return { host, path, ...(match && { match }), ...(profile && { profile }), ...(listener && { listener }) };
}

export function serviceKey(service: ServiceRef): string {
  return `${service.namespace}/${service.name}`;
}

/** What the upstream's paths lack of the client's; empty where nothing is stripped. */
export function strippedPrefix({ stripPrefix, path }: Pick<Route, 'stripPrefix' | 'path'>): string {
  return stripPrefix && path !== '/' ? path : '';
}

/** The path the upstream gets for a request path that a route takes. @param prefix as {@link strippedPrefix} gives it */
export function upstreamPath({ length }: string, path: string): string {
  return path.length === length ? '/' : path.slice(length);
}
