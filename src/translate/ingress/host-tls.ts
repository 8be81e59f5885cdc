/** What Ingresses say of the TLS of a host. Pure. */
import type { ServiceRef } from '../../model/route.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { IngressReading } from './read-ingress.ts';

/** A host that an Ingress lists for TLS: plain HTTP is sent to https, whatever becomes of its certificate. */
export interface HostTls {
  readonly ingress: ServiceRef;
  readonly createdAt: string;
  /** Undefined: the default certificate. */
  readonly secret: SecretRef | undefined;
}

/** @param readings those that name the host, by age; the oldest with a section for TLS decides */
export function hostTls(host: string, readings: readonly IngressReading[]): HostTls | undefined {
  for (const { tls, ingress, createdAt } of readings) {
    if (tls.length === 0) continue;
    const listed = tls.find(({ hosts }) => hosts.some(one => one.toLowerCase() === host));
    // A section without hosts is for all hosts of its Ingress.
    const section = listed ?? tls.find(({ hosts }) => hosts.length === 0);
    if (section === undefined) continue;
    const { secretName = '' } = section;
    const secret = secretName === '' ? undefined : { namespace: ingress.namespace, name: secretName };
    return { ingress, createdAt, secret };
  }
  return undefined;
}

/** `*.b.c` for `a.b.c`; undefined for a host that no wildcard takes. */
export function wildcardOf(host: string): string | undefined {
  const dot = host.indexOf('.');
  return dot <= 0 || host.startsWith('*.') ? undefined : `*${host.slice(dot)}`;
}
