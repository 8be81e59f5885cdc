import type { Certificate } from '../model/certificate.ts';

/** The certificate and key of a Secret. */
export interface SecretCertificate {
  /** Undefined: it has neither. */
  readonly certificate: Certificate | undefined;
}
