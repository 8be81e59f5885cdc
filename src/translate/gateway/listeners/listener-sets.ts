/** Which ListenerSets belong to a Gateway, and which of them it lets in. Pure. */
import {
  GATEWAY_GROUP,
  type GatewayObject,
  type Listener,
  type ListenerSetObject,
} from '../../../resources/gateway/gateway-object.ts';
import { byAge } from '../by-age.ts';
import type { Fault } from '../conditions.ts';
import { gatewayKey } from '../gateway-key.ts';
import type { GatewayLookups } from '../gateway-lookups.ts';
import { readNamespaceRule } from './namespaces.ts';

/** As many as an object has in the API. */
const MOST_LISTENERS = 64;

/** @returns by the key of the Gateway that they name, the oldest first */
export function setsByGateway(sets: Iterable<ListenerSetObject>): ReadonlyMap<string, readonly ListenerSetObject[]> {
  const ofGateways = [...sets].filter(
    ({ spec }) => spec.parentRef.group === GATEWAY_GROUP && spec.parentRef.kind === 'Gateway',
  );
  return Map.groupBy(ofGateways.sort(byAge), ({ metadata, spec: { parentRef } }) =>
    gatewayKey('Gateway', { namespace: parentRef.namespace ?? metadata.namespace, name: parentRef.name }),
  );
}

/** Whether a Gateway lets ListenerSets of a namespace in. @returns why it does not; undefined: it does */
export function admission(
  { metadata, spec }: GatewayObject,
  lookups: Pick<GatewayLookups, 'namespaceLabels'>,
): (namespace: string) => Fault | undefined {
  const selection = spec.allowedListeners?.namespaces ?? { from: 'None' };
  const rule = readNamespaceRule(selection, metadata.namespace, 'spec.allowedListeners.namespaces', lookups);
  const { namespace: own, name } = metadata;
  return namespace => {
    if (rule.allows(namespace)) return undefined;
    const advice = 'see its spec.allowedListeners';
    const message = `the Gateway ${own}/${name} takes no ListenerSets of the namespace ${namespace}: ${advice}`;
    return { reason: 'NotAllowed', message };
  };
}

/** What an API server of today would refuse. */
export function listenersFault(listeners: readonly Listener[]): string | undefined {
  if (listeners.length === 0) return 'spec.listeners is empty: write at least one listener';
  if (listeners.length > MOST_LISTENERS) {
    const advice = `at most ${MOST_LISTENERS} can be served: move some to a ListenerSet`;
    return `spec.listeners has ${listeners.length} listeners: ${advice}`;
  }
  const names = new Set<string>();
  for (const { name } of listeners) {
    if (names.has(name)) return `spec.listeners has two listeners with the name ${name}: give each a name of its own`;
    names.add(name);
  }
  return undefined;
}

/** Those that a status can name. */
export function namedListeners(listeners: readonly Listener[]): Listener[] {
  const byName = new Map<string, Listener>();
  for (const one of listeners.slice(0, MOST_LISTENERS)) if (!byName.has(one.name)) byName.set(one.name, one);
  return [...byName.values()];
}
