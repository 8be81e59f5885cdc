/** One Gateway with its ListenerSets. Pure. */
import type { Fault } from '../conditions.ts';
import type { GatewayReading, ListenerJudgement, ListenerSetReading, ParentName } from '../readings.ts';
import type { Addressing } from './addressing.ts';
import type { GatewayCandidate, Owner } from './candidate.ts';
import type { Clashes } from './clashes.ts';
import { readClientRules, servesUnverified } from './client-validation.ts';
import { gatewayDiagnostics } from './diagnostics.ts';
import { type JudgedListener, judgeListener, judgementOf, type ListenerContext } from './judge-listener.ts';
import { portsOf } from './ports.ts';
import { type ReferenceContext, resolveCertificate } from './references.ts';

interface JudgedOwner {
  readonly refusal: Fault | undefined;
  readonly listeners: readonly JudgedListener[];
}

export function readGateway(
  { gateway, sets, own, ofSets }: GatewayCandidate,
  clashes: Clashes,
  addressing: Addressing,
  context: ReferenceContext,
): GatewayReading {
  const { namespace, name } = gateway.metadata;
  const { socketOf } = addressing;
  const parent: ParentName = { kind: 'Gateway', namespace, name };
  const clientRuleOf = readClientRules(gateway.spec.tls?.frontend, parent, context);
  const around = { ...clashes, clientRuleOf, references: context };
  const judgedOwn = judgeGateway(own, around);
  const judgedSets = ofSets.map(set => judgeSet(set, judgedOwn.refusal && parent, around));

  const finish = ({ refusal, listeners }: JudgedOwner): ListenerJudgement[] =>
    listeners.map(one => {
      const isServed = refusal === undefined && one.isUsable;
      const portId = isServed ? socketOf(one.own.listener.port)?.id : undefined;
      return judgementOf(one, { namespace, name }, portId, detachment(refusal));
    });
  const ownListeners = finish(judgedOwn);
  const listenerSets = sets.map((set, index): ListenerSetReading => {
    const judged = judgedSets[index] ?? { refusal: undefined, listeners: [] };
    return { set, refusal: judged.refusal, listeners: finish(judged) };
  });
  const judgements = [...ownListeners, ...listenerSets.flatMap(({ listeners }) => listeners)];
  const certificates = [judgedOwn, ...judgedSets].flatMap(({ listeners }) => listeners);
  const served = judgements
    .map(({ reading }, index) => ({ reading, certificates: certificates[index]?.certificates ?? [] }))
    .filter(({ reading }) => reading.portId !== undefined);
  const ref = gateway.spec.tls?.backend?.clientCertificateRef;
  const backend = ref && resolveCertificate(ref, parent, 'InvalidClientCertificateRef', context);
  const reading = {
    gateway,
    addressing,
    listeners: judgements.map(({ reading }) => reading),
    ports: portsOf(socketOf, served, port => clientRuleOf(port).policy),
    wantedPorts: wantedPorts([judgedOwn, ...judgedSets]),
    certificates: [...new Map(served.flatMap(one => one.certificates).map(one => [one.id, one])).values()],
    backendCertificate: typeof backend === 'object' && 'value' in backend ? backend.value : undefined,
    refusal: judgedOwn.refusal,
    backendCertificateFault: typeof backend === 'object' && 'fault' in backend ? backend.fault : undefined,
    servesUnverifiedClients: servesUnverified(gateway.spec.tls?.frontend),
    ownListeners,
    listenerSets,
  };
  return { ...reading, diagnostics: gatewayDiagnostics(reading) };
}

/** Of a ListenerSet that is refused for another reason, routes attach to the listeners, as to those of a Gateway that is. */
function detachment(refusal: Fault | undefined): string | undefined {
  return refusal?.reason === 'NotAllowed' ? refusal.message : undefined;
}

/** In their order. */
function wantedPorts(owners: readonly JudgedOwner[]): number[] {
  const usable = owners.flatMap(({ refusal, listeners }) => (refusal === undefined ? listeners : []));
  const ports = usable.filter(({ isUsable }) => isUsable).map(({ own }) => own.listener.port);
  return [...new Set(ports)].sort((one, other) => one - other);
}

function judgeGateway({ refusal, listeners }: Owner, context: ListenerContext): JudgedOwner {
  const judged = listeners.map(one => judgeListener(one, context));
  const isAccepted = judged.some(one => one.refusal === undefined && one.conflict === undefined);
  const message = 'no listener of this Gateway is accepted: see the conditions of its listeners';
  return { refusal: refusal ?? (isAccepted ? undefined : { reason: 'ListenersNotValid', message }), listeners: judged };
}

/** @param refusedParent the Gateway, where it is not served */
function judgeSet(
  { refusal, listeners }: Owner,
  refusedParent: ParentName | undefined,
  context: ListenerContext,
): JudgedOwner {
  const judged = listeners.map(one => judgeListener(one, context));
  if (refusal !== undefined) return { refusal, listeners: judged };
  if (refusedParent !== undefined) {
    const message = `the Gateway ${refusedParent.namespace}/${refusedParent.name} is not accepted: see its status`;
    return { refusal: { reason: 'ParentNotAccepted', message }, listeners: judged };
  }
  if (judged.some(one => one.isUsable || one.isPending)) return { refusal, listeners: judged };
  const message = 'no listener of this ListenerSet can be served: see the conditions of its listeners';
  return { refusal: { reason: 'ListenersNotValid', message }, listeners: judged };
}
