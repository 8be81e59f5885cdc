/** The objects of the Gateway API that are written: in the form of the API, with no field that it would fill in by itself. */
import type { ServiceRef } from '../../model/route.ts';

export const GATEWAY_API = 'gateway.networking.k8s.io';

export interface Manifest<Kind extends string = string, Spec = unknown> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Spec;
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface ParentReference {
  /** Absent: a Gateway. */
  readonly kind?: 'ListenerSet';
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export interface ValueMatch {
  readonly type?: 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

export interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression';
  readonly value: string;
}

export interface GrpcMethod {
  readonly service?: string;
  readonly method?: string;
}

/** Of an HTTPRoute: without a method; of a GRPCRoute: without a path. */
export interface RuleMatch {
  readonly path?: PathMatch;
  readonly method?: GrpcMethod;
  readonly headers?: readonly ValueMatch[];
}

export interface HeaderModifier {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly add?: readonly { readonly name: string; readonly value: string }[];
  readonly remove?: readonly string[];
}

export type PathModifier =
  | { readonly type: 'ReplaceFullPath'; readonly replaceFullPath: string }
  | { readonly type: 'ReplacePrefixMatch'; readonly replacePrefixMatch: string };

export interface RedirectFilter {
  readonly scheme?: 'http' | 'https';
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: PathModifier;
  readonly statusCode: number;
}

export interface CorsFilter {
  readonly allowOrigins: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowHeaders?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly allowCredentials?: true;
  readonly maxAge?: number;
}

export type RouteFilter =
  | { readonly type: 'RequestHeaderModifier'; readonly requestHeaderModifier: HeaderModifier }
  | { readonly type: 'ResponseHeaderModifier'; readonly responseHeaderModifier: HeaderModifier }
  | { readonly type: 'RequestRedirect'; readonly requestRedirect: RedirectFilter }
  | {
      readonly type: 'URLRewrite';
      readonly urlRewrite: { readonly hostname?: string; readonly path?: PathModifier };
    }
  | { readonly type: 'RequestMirror'; readonly requestMirror: { readonly backendRef: BackendReference } }
  | { readonly type: 'CORS'; readonly cors: CorsFilter };

export interface BackendReference {
  readonly name: string;
  readonly namespace?: string;
  readonly port: number;
  readonly weight?: number;
}

/** Of all kinds of routes. */
export interface RouteRule {
  readonly matches?: readonly RuleMatch[];
  readonly filters?: readonly RouteFilter[];
  readonly backendRefs?: readonly BackendReference[];
}

export type RouteMatchList = readonly RuleMatch[];

export interface RouteSpec {
  readonly parentRefs: readonly ParentReference[];
  readonly hostnames?: readonly string[];
  readonly rules: readonly RouteRule[];
}

/** @param spec of a kind of the Gateway API, all of which are written as `v1` */
export function manifest<Kind extends string, Spec>(
  kind: Kind,
  { namespace, name }: ServiceRef,
  spec: Spec,
  annotations: Readonly<Record<string, string>> = {},
): Manifest<Kind, Spec> {
  const hasAny = Object.keys(annotations).length > 0;
  const metadata = { name, namespace, ...(hasAny && { annotations }) };
  return { apiVersion: `${GATEWAY_API}/v1`, kind, metadata, spec };
}

/** Lets objects of one namespace name others of another: without it, none may. */
export function referenceGrant(
  target: { readonly kind: 'Secret' | 'Service'; readonly namespace: string; readonly names: readonly string[] },
  from: { readonly kinds: readonly string[]; readonly namespace: string },
): Manifest {
  const group = '';
  const name = `kube-entry-${target.kind.toLowerCase()}s-for-${from.namespace}`;
  const grant = manifest(
    'ReferenceGrant',
    { namespace: target.namespace, name },
    {
      from: from.kinds.map(kind => ({ group: GATEWAY_API, kind, namespace: from.namespace })),
      to: target.names.map(one => ({ group, kind: target.kind, name: one })),
    },
  );
  // Clusters with CRDs before 1.5 serve no v1 of it, and all of them serve this one.
  return { ...grant, apiVersion: `${GATEWAY_API}/v1beta1` };
}
