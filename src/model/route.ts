/** The values the data plane knows. Kubernetes objects end before them: nothing here came unchecked from outside. */
import type { ClusterId } from './cluster-id.ts';
import { clusterOfPolicy, type Policy } from './policy.ts';

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

/** Where a route is served. A table holds one route for each place. */
export interface Place {
  /** Empty for any host, else `example.com` or `*.example.com`, in lower case. */
  readonly host: string;
  /**
   * A normalised prefix without trailing slash and with escapes in upper case, taken at segment boundaries:
   * `/volume` takes `/volume/x`, not `/volumes`.
   */
  readonly path: string;
}

/** Which requests of a route go to another cluster, if it has endpoints: what ingress-nginx calls a canary. */
export interface CanaryRule {
  /** Of a hundred requests that neither the header nor the cookie decides. */
  readonly weight: number;
  /** In lower case. `always` and `never` decide, or `headerValue` where it is not empty. */
  readonly header: string;
  readonly headerValue: string;
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
  /** In the order in which a request meets them; absent: there are none. Routes of one owner share the list. */
  readonly policies?: readonly Policy[];
  readonly service: ServiceRef;
  /** RFC 3339, of the Service; empty when it has none. Decides conflicts. */
  readonly createdAt: string;
}

/** The clusters that a route leads to: its own, that of its canary, and those of its policies. */
export function clustersOf({ cluster, canary, policies }: Pick<Route, 'cluster' | 'canary' | 'policies'>): ClusterId[] {
  const clusters = [cluster];
  if (canary !== undefined) clusters.push(canary.cluster);
  for (const policy of policies ?? []) {
    const led = clusterOfPolicy(policy);
    if (led !== undefined) clusters.push(led);
  }
  return clusters;
}

/** A key for maps by place. It is unique, because neither a host nor a normalised path can hold a space. */
export function routeKey({ host, path }: Place): string {
  return `${host} ${path}`;
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
