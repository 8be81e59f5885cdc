import type { Credentials } from '../../model/credentials.ts';
import type { CredentialsFault } from '../../resources/credentials.ts';
import type { Secret } from '../../resources/secret.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { SecretCertificate } from '../../translate/secret-certificate.ts';
import type { Authorities } from '../../translate/tls-authorities.ts';
import { certificateIn } from '../certificates/certificate-facts.ts';
import { faultOf, lastRead } from './known-objects.ts';
import type { KnownSecrets } from './known-secrets.ts';

/** Looks Secrets up for one translation, and remembers which it was asked for. */
export class SecretSearch {
  readonly asked: SecretRef[] = [];
  /** Certificate authorities that are asked for are not known yet. */
  awaitsAuthorities = false;
  /** Anything that is asked for is not known yet. */
  isAwaiting = false;
  readonly #secrets: KnownSecrets;

  constructor(secrets: KnownSecrets) {
    this.#secrets = secrets;
  }

  readonly authorities = (secret: SecretRef): Authorities => {
    const found = this.#find(secret, ({ ca, revoked }) => ({ pem: ca, revoked }));
    this.awaitsAuthorities ||= found === undefined;
    return found;
  };

  readonly credentials = (secret: SecretRef): Credentials | CredentialsFault | undefined =>
    this.#find(secret, ({ credentials }) => credentials);

  /** For endpoints: whether it can be served is judged as for clients. */
  readonly certificate = (secret: SecretRef): SecretCertificate | { readonly fault: string } | undefined =>
    this.#find(secret, certificateIn);

  #find<T>(ref: SecretRef, read: (secret: Secret) => T): T | { readonly fault: string } | undefined {
    this.asked.push(ref);
    const state = this.#secrets.of(ref);
    const secret = lastRead(state);
    if (secret !== undefined) return read(secret);
    const fault = faultOf(state, 'Secret');
    this.isAwaiting ||= fault === undefined;
    return fault;
  }
}
