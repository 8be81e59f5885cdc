/**
 * What this program reads of the objects of the Gateway API, wherever they came from. They have the form of the API, and nothing else
 * of them is kept. What their fields mean is judged later, by the translation: an old API server checks little of it.
 */

import { isDeepStrictEqual } from 'node:util';

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

export interface GatewayMetadata {
  readonly name: string;
  /** Empty for a kind that belongs to no namespace. */
  readonly namespace: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Counts the versions of the spec; 0 for what no API server has stored. */
  readonly generation: number;
  /** RFC 3339; empty for what no API server has stored. */
  readonly creationTimestamp: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface GatewayApiObject<Spec> {
  readonly metadata: GatewayMetadata;
  readonly spec: Spec;
  /** As it is stored: JSON. Others have entries in it, which are kept byte for byte when ours are written. */
  readonly status: unknown;
}

export interface GatewayClassSpec {
  readonly controllerName: string;
  readonly parametersRef?: LocalRef | undefined;
}

export interface GatewaySpec {
  readonly gatewayClassName: string;
  readonly addresses: readonly GatewayAddress[];
  readonly listeners: readonly Listener[];
  readonly infrastructure?:
    | {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations: Readonly<Record<string, string>>;
        readonly parametersRef?: LocalRef | undefined;
      }
    | undefined;
  readonly allowedListeners?: { readonly namespaces: NamespaceSelection } | undefined;
  readonly tls?:
    | {
        /** Shown to backends that ask for a certificate. */
        readonly backend?: { readonly clientCertificateRef?: SecretObjectRef | undefined } | undefined;
        readonly frontend?: FrontendTls | undefined;
      }
    | undefined;
  /** Fields that this program does not know, outside the listeners, such as `backendTLS`. */
  readonly unknown: readonly string[];
}

export interface FrontendTls {
  readonly default?: FrontendTlsOfPort | undefined;
  readonly perPort: readonly { readonly port: number; readonly tls: FrontendTlsOfPort }[];
}

export interface FrontendTlsOfPort {
  /** Absent: clients are not asked for a certificate. */
  readonly validation?: ClientValidation | undefined;
}

export interface ClientValidation {
  readonly caCertificateRefs: readonly SecretObjectRef[];
  /** `AllowValidOnly`, `AllowInsecureFallback`, or what else stands there. */
  readonly mode: string;
  /** Fields that this program does not know. */
  readonly unknown: readonly string[];
}

export interface GatewayAddress {
  /** `IPAddress`, `Hostname` or one of another controller. */
  readonly type: string;
  /** Empty: any that the Gateway can have. */
  readonly value: string;
}

export interface Listener {
  readonly name: string;
  /** Absent: all hosts. */
  readonly hostname?: string | undefined;
  readonly port: number;
  /** `HTTP`, `HTTPS`, `TLS`, or one that is not served. */
  readonly protocol: string;
  readonly tls?: ListenerTls | undefined;
  readonly allowedRoutes: AllowedRoutes;
  /** Fields that this program does not know, such as `tls.frontendValidation`. */
  readonly unknown: readonly string[];
}

export interface ListenerTls {
  /** `Terminate` or `Passthrough`, or what else stands there. */
  readonly mode: string;
  readonly certificateRefs: readonly SecretObjectRef[];
  readonly options: Readonly<Record<string, string>>;
}

export interface AllowedRoutes {
  readonly namespaces: NamespaceSelection;
  /** Empty: all that the protocol allows. */
  readonly kinds: readonly { readonly group: string; readonly kind: string }[];
}

export interface NamespaceSelection {
  /** `Same`, `All`, `Selector`, `None`, or what else stands there. */
  readonly from: string;
  readonly selector?: LabelSelector | undefined;
}

/** metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

export interface ListenerSetSpec {
  readonly parentRef: {
    readonly group: string;
    readonly kind: string;
    readonly namespace?: string | undefined;
    readonly name: string;
  };
  readonly listeners: readonly Listener[];
  /** Fields that this program does not know, outside the listeners. */
  readonly unknown: readonly string[];
}

/** Names an object of the own namespace. */
export interface LocalRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** Absent fields are filled in as the API does it: a Secret of the core group. */
export interface SecretObjectRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ParentRef {
  readonly group: string;
  readonly kind: string;
  /** Absent: that of the route. */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
}

export interface BackendRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly port?: number | undefined;
}

interface WeightedRef<Filter> extends BackendRef {
  readonly weight: number;
  readonly filters: readonly Filter[];
}

export interface HttpRouteSpec {
  readonly parentRefs: readonly ParentRef[];
  readonly hostnames: readonly string[];
  readonly rules: readonly HttpRouteRule[];
}

export interface HttpRouteRule {
  readonly name?: string | undefined;
  readonly matches: readonly HttpMatch[];
  readonly filters: readonly RouteFilter[];
  readonly backendRefs: readonly WeightedRef<RouteFilter>[];
  /** Durations as they are written. */
  readonly timeouts?:
    | { readonly request?: string | undefined; readonly backendRequest?: string | undefined }
    | undefined;
  readonly retry?:
    | {
        readonly codes: readonly number[];
        readonly attempts?: number | undefined;
        readonly backoff?: string | undefined;
      }
    | undefined;
  /** Fields that this program does not serve, by name, such as `sessionPersistence` or `filters.cors.allowPrivate`. */
  readonly unknown: readonly string[];
}

export interface HttpMatch {
  readonly path: { readonly type: string; readonly value: string };
  readonly headers: readonly ValueMatch[];
  readonly queryParams: readonly ValueMatch[];
  readonly method?: string | undefined;
}

export interface ValueMatch {
  /** `Exact` or `RegularExpression`, or what else stands there. */
  readonly type: string;
  readonly name: string;
  readonly value: string;
}

/** The field that belongs to its type is present, and no other: what breaks this rule is told by {@link fault}. */
export interface RouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderModifier | undefined;
  readonly responseHeaderModifier?: HeaderModifier | undefined;
  readonly requestRedirect?: RequestRedirect | undefined;
  readonly urlRewrite?:
    | { readonly hostname?: string | undefined; readonly path?: PathModifier | undefined }
    | undefined;
  readonly requestMirror?:
    | {
        readonly backendRef: BackendRef;
        readonly percent?: number | undefined;
        readonly fraction?: { readonly numerator: number; readonly denominator: number } | undefined;
      }
    | undefined;
  readonly cors?: CorsFilter | undefined;
  readonly extensionRef?: LocalRef | undefined;
  /** Why it cannot be used, for people, where its fields do not belong together. */
  readonly fault?: string | undefined;
}

export interface HeaderModifier {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

export interface RequestRedirect {
  readonly scheme?: string | undefined;
  readonly hostname?: string | undefined;
  readonly path?: PathModifier | undefined;
  readonly port?: number | undefined;
  readonly statusCode: number;
}

export interface PathModifier {
  /** `ReplaceFullPath` or `ReplacePrefixMatch`, or what else stands there. */
  readonly type: string;
  readonly replaceFullPath?: string | undefined;
  readonly replacePrefixMatch?: string | undefined;
}

export interface CorsFilter {
  readonly allowOrigins: readonly string[];
  readonly allowCredentials: boolean;
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAge: number;
}

export interface GrpcRouteSpec {
  readonly parentRefs: readonly ParentRef[];
  readonly hostnames: readonly string[];
  readonly rules: readonly GrpcRouteRule[];
}

export interface GrpcRouteRule {
  readonly name?: string | undefined;
  readonly matches: readonly GrpcMatch[];
  readonly filters: readonly RouteFilter[];
  readonly backendRefs: readonly WeightedRef<RouteFilter>[];
  readonly unknown: readonly string[];
}

export interface GrpcMatch {
  readonly method?:
    | { readonly type: string; readonly service?: string | undefined; readonly method?: string | undefined }
    | undefined;
  readonly headers: readonly ValueMatch[];
}

export interface TlsRouteSpec {
  readonly parentRefs: readonly ParentRef[];
  readonly hostnames: readonly string[];
  readonly rules: readonly {
    readonly name?: string | undefined;
    readonly backendRefs: readonly (BackendRef & { readonly weight: number })[];
    readonly unknown: readonly string[];
  }[];
}

export interface ReferenceGrantSpec {
  readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
  readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string | undefined }[];
}

export interface BackendTlsPolicySpec {
  readonly targetRefs: readonly {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly sectionName?: string | undefined;
  }[];
  readonly validation: {
    readonly caCertificateRefs: readonly LocalRef[];
    /** `System`, or what else stands there; absent: {@link caCertificateRefs} count. */
    readonly wellKnownCACertificates?: string | undefined;
    readonly hostname: string;
    readonly subjectAltNames: readonly {
      /** `Hostname` or `URI`, or what else stands there. */
      readonly type: string;
      readonly hostname?: string | undefined;
      readonly uri?: string | undefined;
    }[];
  };
  readonly options: Readonly<Record<string, string>>;
  /** Fields that this program does not know, such as `validation.spiffeID`. */
  readonly unknown: readonly string[];
}

export type GatewayClassObject = GatewayApiObject<GatewayClassSpec>;
export type GatewayObject = GatewayApiObject<GatewaySpec>;
export type ListenerSetObject = GatewayApiObject<ListenerSetSpec>;
export type HttpRouteObject = GatewayApiObject<HttpRouteSpec>;
export type GrpcRouteObject = GatewayApiObject<GrpcRouteSpec>;
export type TlsRouteObject = GatewayApiObject<TlsRouteSpec>;
export type ReferenceGrantObject = GatewayApiObject<ReferenceGrantSpec>;
export type BackendTlsPolicyObject = GatewayApiObject<BackendTlsPolicySpec>;
/** Of a Namespace, its labels count. */
export type NamespaceObject = GatewayApiObject<Record<string, never>>;

/** The kinds that are read for Gateways. */
export interface GatewayKinds {
  readonly GatewayClass: GatewayClassObject;
  readonly Gateway: GatewayObject;
  readonly ListenerSet: ListenerSetObject;
  readonly HTTPRoute: HttpRouteObject;
  readonly GRPCRoute: GrpcRouteObject;
  readonly TLSRoute: TlsRouteObject;
  readonly ReferenceGrant: ReferenceGrantObject;
  readonly BackendTLSPolicy: BackendTlsPolicyObject;
  readonly Namespace: NamespaceObject;
}

export type GatewayKind = keyof GatewayKinds;

/** The kinds of routes. */
export const ROUTE_KINDS = ['HTTPRoute', 'GRPCRoute', 'TLSRoute'] as const satisfies readonly GatewayKind[];

export type RouteKind = (typeof ROUTE_KINDS)[number];

/** Whether two versions of an object ask for the same: then they differ in their status alone, or in who manages which field. */
export function asksForTheSame(one: GatewayApiObject<unknown>, other: GatewayApiObject<unknown>): boolean {
  const [a, b] = [one.metadata, other.metadata];
  return (
    a.uid === b.uid &&
    a.generation === b.generation &&
    a.creationTimestamp === b.creationTimestamp &&
    isDeepStrictEqual(a.annotations, b.annotations) &&
    isDeepStrictEqual(a.labels, b.labels) &&
    isDeepStrictEqual(one.spec, other.spec)
  );
}
