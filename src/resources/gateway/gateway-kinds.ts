import { orProblem } from '../misshapen.ts';
import type { ShapeProblem } from '../service-object.ts';
import { Field } from './field.ts';
import {
  GATEWAY_GROUP,
  type GatewayKind,
  type GatewayKinds,
  type GatewayMetadata,
  type NamespaceObject,
} from './gateway-object.ts';
import { readGatewayClassSpec, readGatewaySpec, readListenerSetSpec } from './read-gateway.ts';
import { readMetadata } from './read-parts.ts';
import { readBackendTlsPolicySpec, readReferenceGrantSpec } from './read-policy.ts';
import { readGrpcRouteSpec, readHttpRouteSpec, readTlsRouteSpec } from './read-route.ts';

/** The kinds as the API calls them in paths. */
export type GatewayResource =
  | 'namespaces'
  | 'gatewayclasses'
  | 'gateways'
  | 'listenersets'
  | 'referencegrants'
  | 'backendtlspolicies'
  | 'httproutes'
  | 'grpcroutes'
  | 'tlsroutes';

interface KindFacts<K extends GatewayKind> {
  readonly resource: GatewayResource;
  /** Empty for the core group. */
  readonly group: string;
  /** The versions that can be read, the best first. They have one form. */
  readonly versions: readonly string[];
  readonly isOfNamespace: boolean;
  readonly readSpec: (spec: Field) => GatewayKinds[K]['spec'];
}

const BOTH = ['v1', 'v1beta1'];
const V1 = ['v1'];

/** In the order in which they are read: what others build on comes first. */
export const GATEWAY_KINDS: { readonly [K in GatewayKind]: KindFacts<K> } = {
  Namespace: { ...core('namespaces', V1, false), readSpec: () => ({}) },
  GatewayClass: { ...gateway('gatewayclasses', BOTH, false), readSpec: readGatewayClassSpec },
  Gateway: { ...gateway('gateways', BOTH), readSpec: readGatewaySpec },
  ListenerSet: { ...gateway('listenersets', V1), readSpec: readListenerSetSpec },
  ReferenceGrant: { ...gateway('referencegrants', BOTH), readSpec: readReferenceGrantSpec },
  BackendTLSPolicy: { ...gateway('backendtlspolicies', V1), readSpec: readBackendTlsPolicySpec },
  HTTPRoute: { ...gateway('httproutes', BOTH), readSpec: readHttpRouteSpec },
  GRPCRoute: { ...gateway('grpcroutes', V1), readSpec: readGrpcRouteSpec },
  TLSRoute: { ...gateway('tlsroutes', V1), readSpec: readTlsRouteSpec },
};

export const GATEWAY_KIND_NAMES = Object.keys(GATEWAY_KINDS) as readonly GatewayKind[];

function core(resource: GatewayResource, versions: readonly string[], isOfNamespace: boolean) {
  return { resource, group: '', versions, isOfNamespace };
}

function gateway(resource: GatewayResource, versions: readonly string[], isOfNamespace = true) {
  return { resource, group: GATEWAY_GROUP, versions, isOfNamespace };
}

/**
 * Checks that a value from outside has the shape of an object of the kind, as the schema of its CRD says it, and fills in what an
 * API server fills in. What the fields mean is judged later, by the translation: so are the rules between fields, which API servers
 * before 1.25 do not know.
 * @returns the object, or the first problem
 */
export function readGatewayObject<K extends GatewayKind>(
  kind: K,
  value: unknown,
  defaultNamespace: string,
): GatewayKinds[K] | ShapeProblem {
  const { isOfNamespace, readSpec } = GATEWAY_KINDS[kind];
  return orProblem(() => {
    const object = new Field(value);
    const metadata = readMetadata(object.at('metadata'), isOfNamespace, defaultNamespace);
    const spec = readSpec(object.at('spec'));
    if (kind === 'Namespace') return namespaceObject(metadata) as GatewayKinds[K];
    const status = object.at('status').value ?? undefined;
    return { metadata, spec, status } as GatewayKinds[K];
  });
}

/** API servers since 1.21 give every Namespace a label with its name. */
export function namespaceObject(metadata: GatewayMetadata): NamespaceObject {
  const labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
  return { metadata: { ...metadata, labels }, spec: {}, status: undefined };
}

const NAME_LABEL = 'kubernetes.io/metadata.name';
