/** Hosts of the TLS port, from certificates that tests have made. */
import { createHash } from 'node:crypto';
import { type Certificate, PrivateKey } from '../../src/model/certificate.ts';
import type { TlsChanges } from '../../src/model/delta.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import type { TlsHost } from '../../src/model/tls-host.ts';
import type { SelfSigned } from './self-signed.ts';

/** What the TLS port of a proxy under test serves. */
export interface TlsDescription {
  /** For every name that has none of its own. */
  readonly certificate: SelfSigned;
  readonly hosts?: readonly TlsHostDescription[];
}

export interface TlsHostDescription extends Pick<TlsHost, 'host' | 'passthrough'> {
  readonly certificate?: SelfSigned;
  /** Clients show a certificate that this CA has signed. */
  readonly clientCa?: SelfSigned;
  readonly mode?: 'required' | 'optional';
}

export function certificateOf({ cert, key }: SelfSigned): Certificate {
  return { id: createHash('sha256').update(cert).digest('hex'), chain: SharedText.of(cert), key: new PrivateKey(key) };
}

export function tlsChangesOf(hosts: readonly TlsHostDescription[]): TlsChanges {
  const certificates = hosts.flatMap(({ certificate }) => certificate ?? []).map(certificateOf);
  return { certificates: { upserts: certificates, removals: [] }, hosts: { upserts: hosts.map(hostOf), removals: [] } };
}

function hostOf({ host, passthrough, certificate, clientCa, mode = 'required' }: TlsHostDescription): TlsHost {
  const ca = clientCa?.cert;
  return {
    host,
    ...(passthrough !== undefined && { passthrough }),
    ...(certificate && { certificate: certificateOf(certificate).id }),
    ...(ca !== undefined && {
      clientCertificate: {
        mode,
        ca,
        policy: createHash('sha256')
          .update(mode + ca)
          .digest('hex'),
      },
    }),
  };
}
