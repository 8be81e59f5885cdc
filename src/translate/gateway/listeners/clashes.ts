/** How listeners stand to each other. Pure. */
import type { Fault } from '../conditions.ts';
import type { SharedPorts } from '../gateway-lookups.ts';
import { type GatewayCandidate, listenerGroups } from './candidate.ts';
import { type Conflicts, findConflicts } from './conflicts.ts';
import { findOverlaps } from './overlaps.ts';
import type { OwnListener } from './own-listener.ts';
import { findSharedConflicts, type ListenerGroup, laterOf } from './shared-conflicts.ts';

export interface Clashes extends Conflicts {
  /** Listeners with TLS that share hosts with others. */
  readonly overlaps: ReadonlyMap<OwnListener, Fault>;
}

/** @param sharedPorts undefined: each Gateway has ports of its own @returns for each Gateway, how its listeners stand to others */
export function findClashes(
  candidates: readonly GatewayCandidate[],
  sharedPorts: SharedPorts | undefined,
): (candidate: GatewayCandidate) => Clashes {
  if (sharedPorts === undefined) {
    return candidate => {
      const groups = listenerGroups(candidate);
      return withOverlaps(groups.flat(), findConflicts(groups));
    };
  }
  const groups = candidates.flatMap(agedGroups);
  const listeners = groups.flatMap(group => group.listeners);
  const clashes = withOverlaps(listeners, findSharedConflicts(groups, sharedPorts));
  return () => clashes;
}

function withOverlaps(listeners: readonly OwnListener[], conflicts: Conflicts): Clashes {
  const isDistinct = (one: OwnListener): boolean =>
    one.refusal === undefined && !conflicts.conflicts.has(one) && !conflicts.surplus.has(one);
  return { ...conflicts, overlaps: findOverlaps(listeners.filter(isDistinct)) };
}

function agedGroups(candidate: GatewayCandidate): ListenerGroup[] {
  const { gateway, sets } = candidate;
  const [own = [], ...ofSets] = listenerGroups(candidate);
  const { namespace, name, creationTimestamp: createdAt } = gateway.metadata;
  return [
    { object: { kind: 'Gateway', namespace, name }, createdAt, listeners: own },
    ...sets.map(({ metadata }, index) => ({
      object: { kind: 'ListenerSet' as const, namespace: metadata.namespace, name: metadata.name },
      createdAt: laterOf(createdAt, metadata.creationTimestamp),
      listeners: ofSets[index] ?? [],
    })),
  ];
}
