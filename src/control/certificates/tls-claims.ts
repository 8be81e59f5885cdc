/** Which Service decides what the TLS port does for a host. Pure. */
import type { Certificate } from '../../model/certificate.ts';
import type { ClusterId, Route, ServiceRef } from '../../model/route.ts';
import type { ClientCertificatePolicy, TlsHost } from '../../model/tls-host.ts';
import { bySeniority } from '../../routing/ledger.ts';

/** What a Service asks of the TLS port for each of its hosts. */
export interface TlsClaim extends Pick<Route, 'service' | 'createdAt'> {
  readonly hosts: readonly string[];
  /** Undefined: it names none, or none that can be served. */
  readonly certificate: Certificate | undefined;
  readonly clientCertificate: ClientCertificatePolicy | undefined;
  readonly passthrough: ClusterId | undefined;
}

/** A Service does not get what it asks for, because an older one asks for something else. */
export interface TlsConflict {
  readonly host: string;
  readonly winner: ServiceRef;
  readonly loser: ServiceRef;
  readonly about: 'certificate' | 'passthrough' | 'client-certificate';
}

export interface SettledHost {
  /** Undefined: the TLS port does nothing for it that it does not do for any host. */
  readonly host: TlsHost | undefined;
  readonly certificate: Certificate | undefined;
  readonly conflicts: readonly TlsConflict[];
}

/**
 * The oldest Service of a host decides whether its bytes are passed through, and what clients have to show. The oldest with a
 * certificate gives the certificate: a Secret that is missing does not take the certificate of another Service away.
 */
export function settleHost(name: string, claims: Iterable<TlsClaim>): SettledHost {
  const [first, ...others] = [...claims].sort(bySeniority);
  if (first === undefined) return { host: undefined, certificate: undefined, conflicts: [] };
  const { passthrough, clientCertificate } = first;
  const giver = [first, ...others].find(({ certificate }) => certificate !== undefined) ?? first;
  const certificate = passthrough === undefined ? giver.certificate : undefined;
  const conflicts = others.flatMap((claim): TlsConflict[] => {
    const lost = (about: TlsConflict['about'], { service }: TlsClaim): TlsConflict => {
      return { host: name, winner: service, loser: claim.service, about };
    };
    if (claim.passthrough !== passthrough) return [lost('passthrough', first)];
    const isOther = claim.certificate !== undefined && claim.certificate.id !== certificate?.id;
    const wanted = claim.clientCertificate?.policy;
    return [
      ...(wanted !== undefined && wanted !== clientCertificate?.policy ? [lost('client-certificate', first)] : []),
      ...(isOther ? [lost('certificate', giver)] : []),
    ];
  });
  const asked = {
    ...(certificate && { certificate: certificate.id }),
    ...(passthrough === undefined && clientCertificate && { clientCertificate }),
    ...(passthrough !== undefined && { passthrough }),
  };
  const host = Object.keys(asked).length === 0 ? undefined : { host: name, ...asked };
  return { host, certificate, conflicts };
}
