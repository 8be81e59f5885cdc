/** What keeps a listener from being served, with all that is around it. Pure. */
import type { Certificate } from '../../../model/certificate.ts';
import type { PortId } from '../../../model/gateway-port.ts';
import type { ServiceRef } from '../../../model/route.ts';
import type { ListenerJudgement } from '../readings.ts';
import type { Clashes } from './clashes.ts';
import type { ClientRule } from './client-validation.ts';
import { readListenerCertificates } from './listener-certificates.ts';
import type { OwnListener } from './own-listener.ts';
import type { ReferenceContext } from './references.ts';

export interface ListenerContext extends Clashes {
  readonly clientRuleOf: (port: number) => ClientRule;
  readonly references: ReferenceContext;
}

export interface JudgedListener extends Omit<ListenerJudgement, 'reading'> {
  readonly own: OwnListener;
  readonly certificates: readonly Certificate[];
  /** Whether nothing of its own keeps it from being served. */
  readonly isUsable: boolean;
}

export function judgeListener(own: OwnListener, context: ListenerContext): JudgedListener {
  const { certificates, fault, isPending } = readListenerCertificates(own, context.references);
  const endsTls = own.mode === 'Terminate';
  const clients = endsTls ? context.clientRuleOf(own.listener.port) : undefined;
  const refusal = own.refusal ?? context.surplus.get(own) ?? clients?.refusal;
  const conflict = context.conflicts.get(own);
  const isChecked = clients === undefined || clients.policy !== undefined || !clients.isPending;
  return {
    own,
    certificates,
    refusal,
    conflict,
    references: fault ?? clients?.references ?? own.kindsFault,
    isPending: isPending || clients?.isPending === true,
    overlap: context.overlaps.get(own),
    isUsable:
      refusal === undefined &&
      conflict === undefined &&
      own.kinds.size > 0 &&
      isChecked &&
      (!endsTls || certificates.length > 0),
  };
}

/** @param portId undefined: it is not served @param detached as in {@link ListenerReading} */
export function judgementOf(
  { own, certificates: _, isUsable: __, ...judged }: JudgedListener,
  gateway: ServiceRef,
  portId: PortId | undefined,
  detached: string | undefined,
): ListenerJudgement {
  const { parent, protocol, mode, hostname, kinds, allows, listener } = own;
  const { name: section, port } = listener;
  const reading = { gateway, parent, section, port, portId, protocol, mode, hostname, kinds, allows };
  return { ...judged, reading: detached === undefined ? reading : { ...reading, detached } };
}
