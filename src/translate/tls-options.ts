import type { SecretRef } from '../resources/secret-store.ts';
import type { Authorities } from './tls-authorities.ts';

/** What the translation of TLS depends on beside the Service. */
export interface TlsOptions {
  /** The engine `node` knows no TLS. */
  readonly engine?: 'wire' | 'node';
  /** Whether there is a TLS port; by default there is. */
  readonly hasTlsPort?: boolean;
  /** The object was pushed: the TLS port gets nothing of it. */
  readonly isPushed?: true;
  /** What is known of the authorities in a Secret; by default nothing yet. */
  readonly authorities?: (secret: SecretRef) => Authorities;
}
