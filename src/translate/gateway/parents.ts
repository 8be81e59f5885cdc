/** What routes attach to, and which of it has changed. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ParentRef } from '../../resources/gateway/gateway-object.ts';
import { gatewayKey } from './gateway-key.ts';
import type { GatewayReading, ListenerReading, ParentName } from './readings.ts';

/** What the parentRefs of a route name. */
export function parentKeys(route: RouteLike | undefined): string[] {
  if (route === undefined) return [];
  const { metadata, spec } = route;
  return spec.parentRefs.flatMap(({ kind, namespace = metadata.namespace, name }) =>
    isParentKind(kind) ? [gatewayKey(kind, { namespace, name })] : [],
  );
}

interface RouteLike {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly parentRefs: readonly ParentRef[] };
}

export function isParentKind(kind: string): kind is ParentName['kind'] {
  return kind === 'Gateway' || kind === 'ListenerSet';
}

export function listenerKey({ parent, section }: Pick<ListenerReading, 'parent' | 'section'>): string {
  return `${gatewayKey(parent.kind, parent)} ${section}`;
}

/** All of a Gateway that its routes depend on, in a form that can be compared. */
export interface ParentState {
  /** Keys of what routes may name: the Gateway, and ListenerSets. */
  readonly parents: ReadonlySet<string>;
  readonly compared: unknown;
}

/** @param specOf the spec of a parent, which says what may attach */
export function stateOf(reading: GatewayReading, specOf: (parent: ParentName) => unknown): ParentState {
  const { gateway, listeners, backendCertificate } = reading;
  const { namespace, name } = gateway.metadata;
  const own = { kind: 'Gateway', namespace, name } as const;
  const parents = new Map([[gatewayKey('Gateway', own), own as ParentName]]);
  for (const { parent } of listeners) parents.set(gatewayKey(parent.kind, parent), parent);
  const compared = {
    specs: [...parents.values()].map(specOf),
    listeners: listeners.map(({ allows: _, ...comparable }) => comparable),
    backendCertificate: backendCertificate?.id,
  };
  return { parents: new Set(parents.keys()), compared };
}

/** The parents whose routes may become something else. */
export function changedParents(
  before: ReadonlyMap<string, ParentState>,
  now: ReadonlyMap<string, ParentState>,
): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    const [old, fresh] = [before.get(key), now.get(key)];
    if (isDeepStrictEqual(old, fresh)) continue;
    for (const parent of [...(old?.parents ?? []), ...(fresh?.parents ?? [])]) changed.add(parent);
  }
  return changed;
}
