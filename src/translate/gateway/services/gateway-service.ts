/** The Service that a Gateway is reached by, and the EndpointSlices that lead from there to the pods of this program. Pure. */
import { createHash } from 'node:crypto';
import { GATEWAY_GROUP, type GatewayMetadata, type GatewayObject } from '../../../resources/gateway/gateway-object.ts';
import {
  GATEWAY_CLASS_LABEL,
  GATEWAY_NAME_LABEL,
  MANAGED_BY_LABEL,
  MANAGER,
  SLICE_MANAGED_BY_LABEL,
} from '../../../resources/gateway/gateway-service.ts';
import type { GatewayServiceType } from '../gateway-lookups.ts';

/** Of names of Services, and of values of labels. */
const LONGEST = 63;
/** What stays of a text that is too long, before a dash and the hash of the whole. */
const KEPT = 52;

/** A port of a Service, and where it leads. */
export interface ServicePortTarget {
  readonly port: number;
  readonly target: number;
}

export interface ManifestMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly Readonly<Record<string, unknown>>[];
}

/** An object for the API server: fields that it does not have are not ours. */
export interface Manifest extends Readonly<Record<string, unknown>> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
}

/** As the project of the Gateway API recommends (GEP-1762): the names of the Gateway and its class. Longer ones are shortened. */
export function gatewayServiceName({ metadata, spec }: Pick<GatewayObject, 'metadata' | 'spec'>): string {
  const name = fitting(`${metadata.name}-${spec.gatewayClassName}`.replaceAll('.', '-'));
  // A Service's name begins with a letter.
  return /^[a-z]/.test(name) ? name : fitting(`gateway-${name}`);
}

/** @param ports at least one */
export function serviceManifest(
  { metadata, spec }: GatewayObject,
  type: GatewayServiceType,
  ports: readonly ServicePortTarget[],
): Manifest {
  const { infrastructure } = spec;
  const [asked] = spec.addresses.map(({ value }) => value).filter(value => value !== '');
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace: metadata.namespace,
      name: gatewayServiceName({ metadata, spec }),
      // What the Gateway asks for never stands in the place of what this program looks for.
      labels: { ...infrastructure?.labels, ...ownLabels(metadata, spec.gatewayClassName), [MANAGED_BY_LABEL]: MANAGER },
      annotations: { ...infrastructure?.annotations },
      ownerReferences: [ownerReference(`${GATEWAY_GROUP}/v1`, 'Gateway', metadata.name, metadata.uid ?? '')],
    },
    spec: {
      type,
      ...(asked !== undefined && type === 'LoadBalancer' && { loadBalancerIP: asked }),
      ...(asked !== undefined && type === 'ClusterIP' && { clusterIP: asked }),
      ports: ports.map(({ port, target }) => ({ name: portName(port), port, targetPort: target, protocol: 'TCP' })),
    },
  };
}

/** What is taken over from an EndpointSlice of the pods of this program. */
export interface OwnSlice {
  readonly name: string;
  readonly addressType: string;
  /** As the API has them. */
  readonly endpoints: readonly unknown[];
}

/** @param service the uid of the Gateway's Service */
export function sliceManifest(
  { metadata, spec }: GatewayObject,
  service: string,
  ports: readonly ServicePortTarget[],
  { name, addressType, endpoints }: OwnSlice,
): Manifest {
  const serviceName = gatewayServiceName({ metadata, spec });
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: metadata.namespace,
      name: `${serviceName}-${hashOf(name)}`,
      labels: {
        ...ownLabels(metadata, spec.gatewayClassName),
        'kubernetes.io/service-name': serviceName,
        [SLICE_MANAGED_BY_LABEL]: MANAGER,
      },
      annotations: {},
      ownerReferences: [ownerReference('v1', 'Service', serviceName, service)],
    },
    addressType,
    endpoints,
    ports: ports.map(({ port, target }) => ({ name: portName(port), port: target, protocol: 'TCP' })),
  };
}

/**
 * Gives a Gateway's ports numbers of this program's. One that it has already stays.
 * @param targets those that it has now, by port
 * @param free takes the next number that nothing has; undefined: none is left
 * @returns undefined: there are not enough
 */
export function proposeTargets(
  ports: readonly number[],
  targets: (port: number) => number | undefined,
  free: () => number | undefined,
): ServicePortTarget[] | undefined {
  const proposed = ports.map(port => ({ port, target: targets(port) ?? free() }));
  return proposed.every((one): one is ServicePortTarget => one.target !== undefined) ? proposed : undefined;
}

/** In a Service with several ports, each needs a name. */
function portName(port: number): string {
  return `port-${port}`;
}

function ownLabels({ name }: GatewayMetadata, className: string): Record<string, string> {
  return { [GATEWAY_NAME_LABEL]: fitting(name), [GATEWAY_CLASS_LABEL]: fitting(className) };
}

function ownerReference(apiVersion: string, kind: string, name: string, uid: string) {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: false };
}

/** Two texts that are shortened stay different. */
function fitting(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, KEPT).replace(/[-.]+$/, '')}-${hashOf(text)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}
