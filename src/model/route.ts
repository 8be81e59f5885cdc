/** The values the data plane knows. Kubernetes objects end before them: nothing here came unchecked from outside. */

/** Names a Service. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** Where connections go: an IP address (a name only for ExternalName) and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What stands behind a route; several routes of one Service share it. */
export interface Backend {
  /** ingress-nginx's name for it: `namespace-service-port`. */
  readonly name: string;
  /** One ClusterIP, or the pushed endpoints, which take turns. Empty: 503. */
  readonly endpoints: readonly Endpoint[];
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

export interface Route extends Place {
  readonly stripPrefix: boolean;
  /** Put the stripped prefix back on `Location`, `Refresh` and cookie `Path`. */
  readonly rewriteRedirects: boolean;
  readonly overrides: RouteOverrides;
  readonly backend: Backend;
  readonly service: ServiceRef;
  /** RFC 3339, of the Service; empty when it has none. Decides conflicts. */
  readonly createdAt: string;
  /** Where its Service's counters are in shared memory; 0, the block for requests without a route, until it is published. */
  readonly counterBlock: number;
}

/** A key for maps by place. It is unique, because neither a host nor a normalised path can hold a space. */
export function routeKey({ host, path }: Place): string {
  return `${host} ${path}`;
}

export function serviceKey(service: ServiceRef): string {
  return `${service.namespace}/${service.name}`;
}

/** What the upstream's paths lack of the client's; empty where nothing is stripped. */
export function strippedPrefix({ stripPrefix, path }: Route): string {
  return stripPrefix && path !== '/' ? path : '';
}

/** The path the upstream gets for a request path that the route takes. */
export function upstreamPath(route: Route, path: string): string {
  const { length } = strippedPrefix(route);
  return path.length === length ? '/' : path.slice(length);
}
