import type { CertificateId } from './certificate.ts';
import type { ClusterId } from './cluster-id.ts';

/** What the TLS port does for a host. */
export interface TlsHost {
  /** `a.example` or `*.example`, in lower case. */
  readonly host: string;
  /** Absent: the default certificate. */
  readonly certificate?: CertificateId;
  readonly clientCertificate?: ClientCertificatePolicy;
  /** The bytes of a connection go to this cluster untouched. */
  readonly passthrough?: ClusterId;
}

/** Whether clients have to show a certificate, and who may have signed it. */
export interface ClientCertificatePolicy {
  /** The same text for equal policies: a hash of what decides whether a certificate counts. */
  readonly policy: string;
  /**
   * `required` and `optional`: requests are refused that come with a certificate that does not count, or with none where one is required.
   * `valid-only`: the handshake fails without a valid one. `unverified`: one is asked for, and whatever comes is taken.
   */
  readonly mode: 'required' | 'optional' | 'valid-only' | 'unverified';
  /** PEM. */
  readonly ca: string;
  /** PEM: lists of revoked certificates, one of each authority. Absent: none is asked. */
  readonly revoked?: string;
  /** So many intermediates may stand between a certificate and its root. Absent: any number. */
  readonly mostIntermediates?: number;
  /** The URL that clients are sent to whose certificate does not count. Absent: they get 400. */
  readonly errorPage?: string;
}
