/** What objects may name in other namespaces. Pure. */
import type { ReferenceGrantObject } from '../../resources/gateway/gateway-object.ts';

/** What names something, and where it lives. */
export interface GrantedFrom {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/** What is named. */
export interface GrantedTo extends GrantedFrom {
  readonly name: string;
}

export interface Grants {
  /** Whether a ReferenceGrant of the target's namespace lets objects of another one name it. */
  isGranted(from: GrantedFrom, to: GrantedTo): boolean;
}

/** @param grants all that there are: those of other namespaces than the target's say nothing of it */
export function isGranted(grants: Iterable<ReferenceGrantObject>, from: GrantedFrom, to: GrantedTo): boolean {
  for (const { metadata, spec } of grants) {
    if (metadata.namespace !== to.namespace) continue;
    const isFrom = spec.from.some(
      ({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace,
    );
    const isTo = spec.to.some(
      ({ group, kind, name = to.name }) => group === to.group && kind === to.kind && name === to.name,
    );
    if (isFrom && isTo) return true;
  }
  return false;
}
