/** What is wrong with Gateways and ListenerSets, for people. Pure. */
import type { Diagnostic, ObjectRef, Severity } from '../../../model/diagnostic.ts';
import { type Fault, shortened } from '../conditions.ts';
import type { GatewayReading, ListenerJudgement } from '../readings.ts';

type Judged = Pick<
  GatewayReading,
  'gateway' | 'addressing' | 'refusal' | 'backendCertificateFault' | 'ownListeners' | 'listenerSets'
>;

export function gatewayDiagnostics(reading: Judged): Diagnostic[] {
  const {
    refusal,
    backendCertificateFault,
    addressing: { addresses, fault: addressFault },
  } = reading;
  const gateway = refTo('Gateway', reading.gateway.metadata);
  return [
    ...remark(gateway, 'refused', refusal),
    // What is on its way is nothing that people have to look at.
    ...(addressFault?.reason === 'Pending'
      ? []
      : remark(gateway, addresses.length === 0 ? 'refused' : 'warning', addressFault)),
    ...remark(gateway, 'warning', backendCertificateFault),
    ...reading.ownListeners.flatMap(one => listenerDiagnostics(gateway, one)),
    ...reading.listenerSets.flatMap(({ set, refusal: ofSet, listeners }) => {
      const object = refTo('ListenerSet', set.metadata);
      return [...remark(object, 'refused', ofSet), ...listeners.flatMap(one => listenerDiagnostics(object, one))];
    }),
  ];
}

function listenerDiagnostics(
  object: ObjectRef,
  { reading, refusal, conflict, references }: ListenerJudgement,
): Diagnostic[] {
  const where = `listener ${reading.section}: `;
  return [
    ...remark(object, 'warning', refusal, where),
    ...remark(object, 'conflict', conflict, where),
    ...remark(object, 'warning', references, where),
  ];
}

function refTo(kind: 'Gateway' | 'ListenerSet', { namespace, name }: { namespace: string; name: string }): ObjectRef {
  return { kind, namespace, name };
}

function remark(object: ObjectRef, severity: Severity, fault: Fault | undefined, where = ''): Diagnostic[] {
  if (fault === undefined) return [];
  return [{ object, severity, reason: fault.reason, message: shortened(where + fault.message), paths: [] }];
}
