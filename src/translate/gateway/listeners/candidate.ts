/** A Gateway with its ListenerSets, before their listeners are compared with others. Pure. */
import type { GatewayObject, Listener, ListenerSetObject } from '../../../resources/gateway/gateway-object.ts';
import type { Fault } from '../conditions.ts';
import type { ParentName } from '../readings.ts';
import { unknownFault } from './gateway-fault.ts';
import { admission, listenersFault, namedListeners } from './listener-sets.ts';
import { type OwnListener, readOwnListener } from './own-listener.ts';
import type { ReferenceContext } from './references.ts';

/** An object with listeners, and why none of them is served. */
export interface Owner {
  readonly refusal: Fault | undefined;
  readonly listeners: readonly OwnListener[];
}

export interface GatewayCandidate {
  readonly gateway: GatewayObject;
  readonly sets: readonly ListenerSetObject[];
  readonly own: Owner;
  /** As {@link sets}. */
  readonly ofSets: readonly Owner[];
}

/**
 * @param sets those that name it, the oldest first
 * @param fault why the Gateway is not served, whatever its listeners are
 */
export function readCandidate(
  gateway: GatewayObject,
  sets: readonly ListenerSetObject[],
  fault: Fault | undefined,
  context: ReferenceContext,
): GatewayCandidate {
  const { namespace, name } = gateway.metadata;
  const own = readOwner({ kind: 'Gateway', namespace, name }, gateway.spec.listeners, fault, context);
  const admits = admission(gateway, context.lookups);
  return { gateway, sets, own, ofSets: sets.map(set => readSet(set, admits, context)) };
}

/** The listeners of each object that is served: those of the Gateway, then those of its ListenerSets. */
export function listenerGroups({ own, ofSets }: GatewayCandidate): (readonly OwnListener[])[] {
  return [own, ...ofSets].map(({ refusal, listeners }) => (refusal === undefined ? listeners : []));
}

function readOwner(
  parent: ParentName,
  listeners: readonly Listener[],
  refusal: Fault | undefined,
  { lookups }: ReferenceContext,
): Owner {
  return { refusal, listeners: namedListeners(listeners).map(one => readOwnListener(one, parent, lookups)) };
}

function readSet(
  { metadata: { namespace, name }, spec }: ListenerSetObject,
  admits: (namespace: string) => Fault | undefined,
  context: ReferenceContext,
): Owner {
  const message = unknownFault(spec) ?? listenersFault(spec.listeners);
  const refusal = admits(namespace) ?? (message === undefined ? undefined : { reason: 'Invalid', message });
  return readOwner({ kind: 'ListenerSet', namespace, name }, spec.listeners, refusal, context);
}
