/** Objects of the Gateway API in short, and what their translation asks of everything around them. */
import { type ServiceRef, serviceKey } from '../../../src/model/route.ts';
import {
  type BackendRef,
  GATEWAY_GROUP,
  type GatewayMetadata,
  type GrpcMatch,
  type GrpcRouteObject,
  type HttpMatch,
  type HttpRouteObject,
  type HttpRouteRule,
  type ParentRef,
  type RouteFilter,
  type RouteKind,
  type TlsRouteObject,
  type ValueMatch,
} from '../../../src/resources/gateway/gateway-object.ts';
import type { ServiceObject, ServicePort } from '../../../src/resources/service-object.ts';
import type { ListenerReading } from '../../../src/translate/gateway/readings.ts';
import type { RouteContext } from '../../../src/translate/gateway/routes/route-context.ts';

export const NAMESPACE = 'infra';

interface Names {
  readonly name?: string;
  readonly namespace?: string;
  readonly createdAt?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly parents?: readonly Partial<ParentRef>[];
  readonly hostnames?: readonly string[];
}

type Ref = Partial<BackendRef> & { readonly weight?: number; readonly filters?: readonly RouteFilter[] };

/** A path prefix, or a whole match. */
type Match = string | Partial<HttpMatch>;

export interface Rule {
  readonly name?: string;
  readonly matches?: readonly Match[];
  readonly filters?: readonly RouteFilter[];
  /** Names of Services, of port 8080, or references. */
  readonly to?: readonly (string | Ref)[];
  readonly timeouts?: HttpRouteRule['timeouts'];
  readonly retry?: HttpRouteRule['retry'];
  readonly unknown?: readonly string[];
}

export function metadata({
  name = 'route',
  namespace = NAMESPACE,
  createdAt = '',
  annotations = {},
}: Names): GatewayMetadata {
  return { name, namespace, generation: 3, creationTimestamp: createdAt, annotations, labels: {} };
}

export function parentRef(parent: Partial<ParentRef> = {}): ParentRef {
  return { group: GATEWAY_GROUP, kind: 'Gateway', name: 'gateway', ...parent };
}

export function httpRoute(rules: readonly Rule[], names: Names = {}): HttpRouteObject {
  return {
    metadata: metadata(names),
    spec: {
      parentRefs: (names.parents ?? [{}]).map(parentRef),
      hostnames: names.hostnames ?? [],
      rules: rules.map(({ matches = ['/'], filters = [], to = ['v1'], unknown = [], ...rule }) => ({
        ...rule,
        matches: matches.map(httpMatch),
        filters,
        backendRefs: to.map(backendRef),
        unknown,
      })),
    },
    status: undefined,
  };
}

export function grpcRoute(
  rules: readonly (Omit<Rule, 'matches'> & { readonly matches?: readonly Partial<GrpcMatch>[] })[],
  names: Names = {},
): GrpcRouteObject {
  return {
    metadata: metadata(names),
    spec: {
      parentRefs: (names.parents ?? [{}]).map(parentRef),
      hostnames: names.hostnames ?? [],
      rules: rules.map(({ name, matches = [], filters = [], to = ['v1'], unknown = [] }) => ({
        name,
        matches: matches.map(match => ({ headers: [], ...match })),
        filters,
        backendRefs: to.map(backendRef),
        unknown,
      })),
    },
    status: undefined,
  };
}

export function tlsRoute(to: readonly (string | Ref)[], names: Names = {}): TlsRouteObject {
  return {
    metadata: metadata(names),
    spec: {
      parentRefs: (names.parents ?? [{}]).map(parentRef),
      hostnames: names.hostnames ?? [],
      rules: [{ backendRefs: to.map(backendRef), unknown: [] }],
    },
    status: undefined,
  };
}

export function httpMatch(match: Match): HttpMatch {
  const path = { type: 'PathPrefix', value: typeof match === 'string' ? match : '/' };
  return { path, headers: [], queryParams: [], ...(typeof match === 'string' ? {} : match) };
}

export function backendRef(to: string | Ref): BackendRef & { weight: number; filters: readonly RouteFilter[] } {
  const ref = typeof to === 'string' ? { name: to } : to;
  return { group: '', kind: 'Service', name: 'v1', port: 8080, weight: 1, filters: [], ...ref };
}

/** `Name=value`, exactly. */
export function values(...texts: readonly string[]): ValueMatch[] {
  return texts.map(text => {
    const [name = '', value = ''] = text.split('=');
    return { type: 'Exact', name, value };
  });
}

export function exact(value: string): HttpMatch['path'] {
  return { type: 'Exact', value };
}

export function service(name: string, spec: Partial<ServiceObject['spec']> = {}, namespace = NAMESPACE): ServiceObject {
  const ports: readonly ServicePort[] = [{ name: 'first', port: 8080, targetPort: 3000 }];
  return { metadata: { name, namespace }, spec: { clusterIP: '10.0.0.1', ports, ...spec } };
}

/** A listener that takes routes of its own namespace. */
export function listener(options: Partial<ListenerReading> = {}): ListenerReading {
  const gateway = options.gateway ?? { namespace: NAMESPACE, name: 'gateway' };
  const port = options.port ?? 80;
  const kinds: RouteKind[] = options.protocol === 'TLS' ? ['TLSRoute'] : ['HTTPRoute', 'GRPCRoute'];
  const parent = options.parent ?? { kind: 'Gateway', ...gateway };
  return {
    gateway,
    parent,
    section: 'http',
    port,
    portId: `192.0.2.1:${port}`,
    protocol: 'HTTP',
    mode: undefined,
    hostname: '',
    kinds: new Set(kinds),
    allows: namespace => namespace === parent.namespace,
    ...options,
  };
}

/** Listeners of one Gateway, by their hostnames, each a section of that name. */
export function listeners(...hostnames: readonly string[]): ListenerReading[] {
  return hostnames.map(hostname => listener({ hostname, section: hostname }));
}

export interface Around {
  readonly listeners?: readonly ListenerReading[];
  readonly services?: readonly ServiceObject[];
  readonly isGranted?: RouteContext['grants']['isGranted'];
  readonly backendTls?: RouteContext['backendTls'];
  readonly options?: Partial<RouteContext['options']>;
}

/** With the Services v1, v2 and v3, and a Gateway with one listener for all hosts. */
export function around({
  listeners = [listener()],
  services,
  isGranted,
  backendTls,
  options,
}: Around = {}): RouteContext {
  const known = new Map<string, ServiceObject>();
  for (const one of services ?? ['v1', 'v2', 'v3'].map(name => service(name))) known.set(serviceKey(one.metadata), one);
  const find = (ref: ServiceRef): ServiceObject | undefined => known.get(serviceKey(ref));
  return {
    listenersOf({ kind, namespace, name }, own) {
      const found = listeners.filter(
        ({ parent }) => parent.kind === kind && parent.namespace === (namespace ?? own) && parent.name === name,
      );
      return found.length === 0 ? undefined : found;
    },
    backendCertificate: () => undefined,
    grants: { isGranted: isGranted ?? (() => false) },
    backendTls: backendTls ?? (() => undefined),
    lookups: { service: find },
    options: { allowExternalName: false, ...options },
  };
}
