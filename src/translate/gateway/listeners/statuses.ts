/** What the statuses of Gateways and ListenerSets say. Pure. */
import type { GatewayMetadata } from '../../../resources/gateway/gateway-object.ts';
import { type Fault, met, unmet } from '../conditions.ts';
import type { GatewayOptions } from '../gateway-lookups.ts';
import type { Condition, ListenerStatus, ObjectStatus } from '../gateway-status.ts';
import type { GatewayReading, ListenerJudgement, ListenerReading, ListenerSetReading } from '../readings.ts';
import type { Addressing } from './addressing.ts';
import { listenerStatus } from './listener-status.ts';
import { portFault } from './port-fault.ts';

type Options = Pick<GatewayOptions, 'portState'>;
type Attached = (listener: ListenerReading) => number;

/** @param attached how many routes attach to a listener @returns that of the Gateway, then those of its ListenerSets */
export function gatewayStatuses(reading: GatewayReading, attached: Attached, options: Options): ObjectStatus[] {
  const { gateway, addressing, ownListeners, listenerSets } = reading;
  const listeners = statusesOf(ownListeners, reading.refusal, attached, options);
  const own: ObjectStatus = {
    ...about('Gateway', gateway.metadata),
    status: {
      kind: 'Gateway',
      addresses: addressing.addresses,
      conditions: gatewayConditions(reading, options),
      listeners,
      attachedListenerSets: listenerSets.filter(({ refusal }) => refusal === undefined).length,
    },
  };
  return [own, ...listenerSets.map(set => setStatus(set, reading, attached, options))];
}

function setStatus(
  set: ListenerSetReading,
  { addressing }: GatewayReading,
  attached: Attached,
  options: Options,
): ObjectStatus {
  const { refusal, listeners } = set;
  const conditions =
    refusal === undefined
      ? [accepted(listeners, 'ListenerSet'), programmed(listeners, { ...addressing, fault: undefined }, options)]
      : [unmet('Accepted', refusal), unmet('Programmed', refusal)];
  return {
    ...about('ListenerSet', set.set.metadata),
    status: { kind: 'ListenerSet', conditions, listeners: statusesOf(listeners, refusal, attached, options) },
  };
}

function gatewayConditions(reading: GatewayReading, options: Options): Condition[] {
  const { refusal, addressing, ownListeners } = reading;
  const invalid = { reason: 'Invalid', message: 'the Gateway is not accepted: see the condition Accepted' };
  return [
    refusal === undefined ? accepted(ownListeners, 'Gateway') : unmet('Accepted', refusal),
    refusal === undefined
      ? programmed([...ownListeners, ...reading.listenerSets.flatMap(set => set.listeners)], addressing, options)
      : unmet('Programmed', invalid),
    resolvedRefs(reading),
    ...(reading.servesUnverifiedClients ? [met(INSECURE, INSECURE_MESSAGE, 'ConfigurationChanged')] : []),
  ];
}

const INSECURE = 'InsecureFrontendValidationMode';
const INSECURE_MESSAGE =
  'clients without a valid certificate are let in, as the mode AllowInsecureFallback of spec.tls.frontend asks';

function accepted(listeners: readonly ListenerJudgement[], kind: 'Gateway' | 'ListenerSet'): Condition {
  const bad = listeners.filter(one => one.refusal !== undefined || one.conflict !== undefined || isUnusable(one));
  if (bad.length === 0) return met('Accepted', `the ${kind} is accepted`);
  const names = bad.map(({ reading }) => reading.section).join(', ');
  const message = `the ${kind} is accepted without these listeners, whose conditions say why: ${names}`;
  return met('Accepted', message, 'ListenersNotValid');
}

/** It cannot be served for what it names. */
function isUnusable({ reading, references, isPending }: ListenerJudgement): boolean {
  return references !== undefined && reading.portId === undefined && !isPending;
}

/** @param listeners all that count */
function programmed(
  listeners: readonly ListenerJudgement[],
  { addresses, fault: addressFault }: Addressing,
  { portState }: Options,
): Condition {
  if (addressFault !== undefined) return unmet('Programmed', addressFault);
  if (addresses.length === 0)
    return unmet('Programmed', { reason: 'Pending', message: 'the Gateway has no address yet' });
  const ids = new Set(listeners.map(({ reading }) => reading.portId).filter(id => id !== undefined));
  if (ids.size === 0) {
    const isPending = listeners.some(one => one.isPending);
    const message = isPending ? 'what its listeners name has not been read yet' : 'no listener can be served';
    return unmet('Programmed', { reason: isPending ? 'Pending' : 'Invalid', message });
  }
  const faults = [...ids].map(id => portFault(id, portState(id))).filter(fault => fault !== undefined);
  const fault = faults.find(({ reason }) => reason !== 'Pending') ?? faults[0];
  if (fault !== undefined) return unmet('Programmed', fault);
  return met(
    'Programmed',
    `${ids.size === 1 ? 'its port is' : `all ${ids.size} ports are`} listened on at ${addresses.map(({ value }) => value).join(', ')}`,
  );
}

function resolvedRefs({ backendCertificateFault, ownListeners }: GatewayReading): Condition {
  if (backendCertificateFault !== undefined) return unmet('ResolvedRefs', backendCertificateFault);
  const bad = ownListeners.filter(({ references }) => references !== undefined).map(({ reading }) => reading.section);
  if (bad.length === 0) return met('ResolvedRefs', 'all references of the Gateway are resolved');
  const message = `references of these listeners are not resolved, and their conditions say why: ${bad.join(', ')}`;
  return unmet('ResolvedRefs', { reason: 'ListenersNotResolved', message });
}

/** @param refusal of the object that they belong to */
function statusesOf(
  listeners: readonly ListenerJudgement[],
  refusal: Fault | undefined,
  attached: Attached,
  options: Options,
): ListenerStatus[] {
  return listeners.map(one => listenerStatus(one, refusal, attached(one.reading), options));
}

function about(
  kind: 'Gateway' | 'ListenerSet',
  { namespace, name, generation }: GatewayMetadata,
): Pick<ObjectStatus, 'object' | 'generation'> {
  return { object: { kind, namespace, name }, generation };
}
