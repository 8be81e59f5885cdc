import { isNothing, isObject, isPortNumber } from '../service-object.ts';
import type { GatewayAddress } from './gateway-object.ts';

/** Says to which Gateway an object was made (GEP-1762). */
export const GATEWAY_NAME_LABEL = 'gateway.networking.k8s.io/gateway-name';
export const GATEWAY_CLASS_LABEL = 'gateway.networking.k8s.io/gateway-class-name';
/** On Services that this program makes. */
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
/** On EndpointSlices that this program makes. */
export const SLICE_MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const MANAGER = 'kube-entry';

/** What is read of a Service that was made for a Gateway. Its namespace's users may have changed all of it. */
export interface GatewayService {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The uids of the Gateways that own it. */
  readonly owners: ReadonlySet<string>;
  /** By the port that clients know, the port of this program that it leads to. */
  readonly targets: ReadonlyMap<number, number>;
  /** Where clients reach it; empty: nowhere yet. */
  readonly addresses: readonly GatewayAddress[];
  /** Some EndpointSlice says where its traffic goes. */
  readonly isConnected: boolean;
}

/** The uids of the Gateways that own an object of the API. */
export function owningGateways(metadata: Readonly<Record<string, unknown>>): Set<string> {
  const owners: readonly unknown[] = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : [];
  const gateways = owners.filter(isObject).filter(({ kind }) => kind === 'Gateway');
  return new Set(gateways.map(({ uid }) => (typeof uid === 'string' ? uid : '')));
}

/** By port of a Service, the number of its `targetPort`; names lead to no port of this program. */
export function targetPorts(spec: unknown): Map<number, number> {
  const ports: readonly unknown[] = isObject(spec) && Array.isArray(spec.ports) ? spec.ports : [];
  const targets = new Map<number, number>();
  for (const port of ports) {
    if (!isObject(port) || !isPortNumber(port.port) || !isPortNumber(port.targetPort)) continue;
    if (isNothing(port.protocol) || port.protocol === 'TCP') targets.set(port.port, port.targetPort);
  }
  return targets;
}
