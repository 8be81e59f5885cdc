import type { Certificate } from './certificate.ts';
import type { ClusterId, ServiceRef } from './route.ts';

/** Where connections go: an IP address (a name only for ExternalName) and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** An endpoint as its cluster has it. */
export interface ClusterEndpoint extends Endpoint {
  /**
   * Which one it is: the pod's uid and the port, else `address:port`. A pod that takes the place of another is another endpoint,
   * whatever its address.
   */
  readonly id: string;
  /** For people; empty where it is not known. */
  readonly pod: string;
  /** Empty where it is not known. */
  readonly zone: string;
  readonly weight: number;
  /** `ready`: takes requests. `draining`: terminating but serving, takes only the requests that a cookie binds to it. */
  readonly state: 'ready' | 'draining';
}

/** What stands behind routes: endpoints that answer the same, and how requests are spread over them. */
export interface Cluster {
  readonly id: ClusterId;
  /** ingress-nginx's name for it: `namespace-service-port`. */
  readonly name: string;
  readonly service: ServiceRef;
  readonly balance: Balance;
  readonly affinity?: CookieAffinity;
  /** In flight for each endpoint; 0 is no limit. */
  readonly maxRequests: number;
  /** How long a new endpoint takes to get its full share; 0: it gets it at once. */
  readonly slowStartMs: number;
  readonly healthCheck?: { readonly path: string; readonly intervalMs: number };
  /** Absent: HTTP/1.1 in clear. */
  readonly protocol?: UpstreamProtocol;
  /** Present where the protocol is one over TLS. */
  readonly tls?: UpstreamTls;
  /** The status that requests get while there are no endpoints. Absent: 503. */
  readonly absentStatus?: 404 | 500;
}

/**
 * What endpoints speak: HTTP/2 in clear (`h2c`, `grpc`), HTTP/2 over TLS (`h2`, `grpcs`), or HTTP/1.1 over TLS (`https`). `grpc` and
 * `grpcs` also say that errors made here are those of gRPC.
 */
export type UpstreamProtocol = 'h2c' | 'h2' | 'https' | 'grpc' | 'grpcs';

/** How a TLS connection to an endpoint is made. */
export interface UpstreamTls {
  /** Sent as SNI, and the name that the certificate has to bear unless {@link subjectAltNames} says otherwise. */
  readonly serverName: string;
  /** Names of which the certificate has to bear one, in place of the server name; absent: that counts. */
  readonly subjectAltNames?: readonly SubjectAltName[];
  /** PEM; absent: the authorities that the system trusts. */
  readonly ca?: string;
  /** Whether the certificate has to be valid. */
  readonly isVerified: boolean;
  /** Shown to endpoints that ask for one; absent: none is. */
  readonly clientCertificate?: Certificate;
}

/** RFC 5280 section 4.2.1.6: a name of the DNS, which may begin with a wildcard, or a URI. */
export interface SubjectAltName {
  readonly type: 'dns' | 'uri';
  readonly value: string;
}

/** How requests are spread. `service`: the one endpoint is the ClusterIP, and kube-proxy decides. */
export type Balance =
  | { readonly policy: 'service' | 'least-request' | 'round-robin' | 'ewma' }
  /** `subset`: a request goes to any of so many endpoints that its key leads to; absent: to one. */
  | { readonly policy: 'hash'; readonly key: HashKey; readonly subset?: number };

/** What of a request is hashed. */
export type HashKey =
  | { readonly from: 'client-ip' | 'uri' }
  | { readonly from: 'header' | 'cookie' | 'query'; readonly name: string }
  | { readonly from: 'text'; readonly parts: readonly (string | { readonly variable: string })[] };

/** The cookie that binds a client to an endpoint. */
export interface CookieAffinity {
  readonly name: string;
  readonly path: string;
  readonly domain: string;
  /** Absent: the cookie ends with the browser's session. */
  readonly maxAgeSeconds?: number;
  /** The same for user agents that do not know Max-Age: it is said as a date. */
  readonly expiresSeconds?: number;
  /** Empty: the cookie does not say it. */
  readonly sameSite: 'Lax' | 'Strict' | 'None' | '';
  /** Browsers that take `None` for `Strict` do not get it. */
  readonly sparesOldBrowsers?: true;
  readonly secure: 'auto' | 'always' | 'never';
  /** A client whose endpoint fails is bound to the one that answers instead. */
  readonly changesOnFailure?: true;
  /**
   * Cookies of ingress-nginx count, too, as this one of its modes has them. `persistent`: a client stays with its endpoint until that is
   * gone. `balanced`: the cookie has a key by which an endpoint is chosen, so that some clients move when endpoints come. Absent: only
   * cookies of this program count, and a client stays as with `persistent`.
   */
  readonly mode?: 'persistent' | 'balanced';
}

/** The endpoints of a cluster; without any, requests get 503. */
export interface EndpointSet {
  readonly cluster: ClusterId;
  /** Higher with each change. */
  readonly revision: number;
  readonly endpoints: readonly ClusterEndpoint[];
}

/** A cluster and where its requests go. */
export interface ClusterInForce {
  readonly cluster: Cluster;
  readonly endpoints: readonly ClusterEndpoint[];
}

/** Of an endpoint that is no pod. */
export function endpointId(address: string, port: number): string {
  return `${address}:${port}`;
}

/** An endpoint of which nothing is known but where it is. */
export function plainEndpoint({ address, port }: Endpoint): ClusterEndpoint {
  return { id: endpointId(address, port), address, port, pod: '', zone: '', weight: 1, state: 'ready' };
}

/** One object for all of them. */
const BY_SERVICE: Balance = { policy: 'service' };

/** A cluster whose requests go to the ClusterIP of its Service. */
export function plainCluster(id: ClusterId, name: string, service: ServiceRef): Cluster {
  return { id, name, service, balance: BY_SERVICE, maxRequests: 0, slowStartMs: 0 };
}
