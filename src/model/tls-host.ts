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
  /** The same text for equal policies: a hash of the mode and the CA. */
  readonly policy: string;
  /**
   * `required` and `optional`: requests are refused that come with a certificate that does not count, or with none where one is required.
   * `valid-only`: the handshake fails without a valid one. `unverified`: one is asked for, and whatever comes is taken.
   */
  readonly mode: 'required' | 'optional' | 'valid-only' | 'unverified';
  /** PEM. */
  readonly ca: string;
}
