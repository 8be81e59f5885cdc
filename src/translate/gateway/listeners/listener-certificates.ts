/** The certificates of a listener. Pure. */
import type { Certificate } from '../../../model/certificate.ts';
import type { Fault } from '../conditions.ts';
import type { OwnListener } from './own-listener.ts';
import { type ReferenceContext, resolveCertificate } from './references.ts';

export interface ListenerCertificates {
  readonly certificates: readonly Certificate[];
  /** What is wrong with the first reference that cannot be used. */
  readonly fault: Fault | undefined;
  readonly isPending: boolean;
}

const NO_CERTIFICATES: ListenerCertificates = { certificates: [], fault: undefined, isPending: false };

export function readListenerCertificates(
  { listener, parent, mode }: OwnListener,
  context: ReferenceContext,
): ListenerCertificates {
  // With passthrough, the certificate is that of the pods.
  if (mode !== 'Terminate') return NO_CERTIFICATES;
  const refs = listener.tls?.certificateRefs ?? [];
  if (refs.length === 0) {
    const message = 'tls.certificateRefs names no Secret with a certificate: name one';
    return { ...NO_CERTIFICATES, fault: { reason: 'InvalidCertificateRef', message } };
  }
  const found = refs.map(ref => resolveCertificate(ref, parent, 'InvalidCertificateRef', context));
  // Two references to one certificate are one.
  const certificates = new Map<string, Certificate>();
  let fault: Fault | undefined;
  for (const one of found) {
    if (one === 'pending') continue;
    if ('fault' in one) fault ??= one.fault;
    else certificates.set(one.value.id, one.value);
  }
  return { certificates: [...certificates.values()], fault, isPending: found.includes('pending') };
}
