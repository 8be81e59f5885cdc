/** What the status of one listener says. Pure. */
import { GATEWAY_GROUP } from '../../../resources/gateway/gateway-object.ts';
import { type Fault, met, pending, unmet } from '../conditions.ts';
import type { GatewayOptions } from '../gateway-lookups.ts';
import type { Condition, ListenerStatus } from '../gateway-status.ts';
import type { ListenerJudgement } from '../readings.ts';
import { portFault } from './port-fault.ts';

/** @param ownerRefusal of the object that it belongs to @param attachedRoutes how many routes attach to it */
export function listenerStatus(
  judgement: ListenerJudgement,
  ownerRefusal: Fault | undefined,
  attachedRoutes: number,
  options: Pick<GatewayOptions, 'portState'>,
): ListenerStatus {
  const { reading, refusal, conflict, overlap } = judgement;
  const notAccepted = conflict ?? refusal;
  return {
    name: reading.section,
    supportedKinds: [...reading.kinds].map(kind => ({ group: GATEWAY_GROUP, kind })),
    attachedRoutes,
    conditions: [
      notAccepted === undefined ? met('Accepted', 'the listener is accepted') : unmet('Accepted', notAccepted),
      conflicted(conflict),
      resolvedRefs(judgement),
      programmed(judgement, ownerRefusal, options),
      ...(overlap === undefined ? [] : [met('OverlappingTLSConfig', overlap.message, overlap.reason)]),
    ],
  };
}

/** It is bad where it is true. */
function conflicted(conflict: Fault | undefined): Condition {
  return conflict === undefined
    ? unmet('Conflicted', { reason: 'NoConflicts', message: 'no other listener has its port and hostname' })
    : met('Conflicted', conflict.message, conflict.reason);
}

function resolvedRefs({ references, isPending }: ListenerJudgement): Condition {
  if (references !== undefined) return unmet('ResolvedRefs', references);
  if (isPending) return pending('ResolvedRefs', 'what the listener names has not been read yet');
  return met('ResolvedRefs', 'all references of the listener are resolved');
}

function programmed(
  { reading, refusal, conflict, references, isPending }: ListenerJudgement,
  ownerRefusal: Fault | undefined,
  { portState }: Pick<GatewayOptions, 'portState'>,
): Condition {
  const { portId, parent } = reading;
  if (conflict !== undefined) return unmet('Programmed', conflict);
  const invalid = (message: string): Condition => unmet('Programmed', { reason: 'Invalid', message });
  if (refusal !== undefined) return invalid('the listener is not accepted: see the condition Accepted');
  if (portId !== undefined) {
    const fault = portFault(portId, portState(portId));
    return fault === undefined ? met('Programmed', `the listener is served at ${portId}`) : unmet('Programmed', fault);
  }
  if (references !== undefined) return invalid('its references are not resolved: see the condition ResolvedRefs');
  if (ownerRefusal !== undefined) return invalid(`the ${parent.kind} is not accepted: see its condition Accepted`);
  const message = isPending ? 'what the listener names has not been read yet' : 'the Gateway has no address';
  return unmet('Programmed', { reason: 'Pending', message });
}
