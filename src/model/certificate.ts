import { Hidden } from './hidden.ts';
import { SharedText } from './shared-text.ts';

/** Names one version of a certificate: a renewed one has another id, so that what is made of a certificate can be kept by it. */
export type CertificateId = string;

export interface Certificate {
  readonly id: CertificateId;
  /** PEM: the certificate, then its intermediates. */
  readonly chain: SharedText;
  readonly key: PrivateKey;
}

/** The key of a certificate. */
export class PrivateKey extends Hidden {
  readonly #pem: SharedText;

  constructor(pem: string | SharedText) {
    super();
    this.#pem = typeof pem === 'string' ? SharedText.of(pem) : pem;
  }

  /** PEM. What it is handed to must neither print nor keep it where it may be printed. */
  reveal(): string {
    return this.#pem.toString();
  }

  /** The PEM for another thread, with the same care. */
  share(): SharedText {
    return this.#pem;
  }
}
