/** The certificate authorities that Services name: of their clients, or of their endpoints. Pure. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { revocationLists } from '../formats/revocation-lists.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { SecretRef } from '../resources/secret-store.ts';
import { isDnsSubdomain } from '../resources/service-object.ts';
import { quote } from '../text/quote.ts';
import type { AnnotationName } from './annotation-names.ts';
import { badAnnotation, RefusalError } from './refusal-error.ts';

/** `ca.crt` and `ca.crl` of a Secret as PEM, or why they cannot be had; undefined while they are not known. */
export type Authorities = TrustedAuthorities | { readonly fault: string } | undefined;

export interface TrustedAuthorities {
  readonly pem: string;
  /** Lists of certificates that they have revoked; empty or absent: there is none. */
  readonly revoked?: string;
}

/** A browser trusts some 150. */
const MOST_AUTHORITIES = 500;
const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** The Secret that an annotation names, in the namespace of the Service. @throws RefusalError */
export function readSecretName(annotation: AnnotationName, text: string, namespace: string): SecretRef {
  const name = text.trim();
  if (isDnsSubdomain(name)) return { namespace, name };
  const advice = `write the name of a Secret in the namespace ${namespace}`;
  throw badAnnotation(annotation, `${quote(text)} is no name of a Secret: ${advice}`);
}

/** @returns the authorities; none while they are not known @throws RefusalError when they cannot be used */
export function usableAuthorities(
  annotation: AnnotationName,
  { name }: SecretRef,
  found: Authorities,
): TrustedAuthorities {
  if (found === undefined) return { pem: '' };
  const fault = 'fault' in found ? found.fault : (authoritiesFault(found.pem) ?? revocationFault(found.revoked));
  if (fault === undefined && 'pem' in found) return found;
  const field = PREFIX + annotation;
  const message = `${field}: the Secret ${name} cannot be used: ${fault}`;
  throw new RefusalError('AuthoritiesNotUsable', message, field);
}

/** Why these certificates cannot be used; undefined: they can. */
export function authoritiesFault(pem: string): string | undefined {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) return 'it has no ca.crt with certificates';
  if (blocks.length > MOST_AUTHORITIES) return `its ca.crt holds more than ${MOST_AUTHORITIES} certificates`;
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      return `certificate ${index + 1} of its ca.crt cannot be read`;
    }
  }
  return undefined;
}

/** Why these lists of revoked certificates cannot be used; undefined: they can, or there are none. */
export function revocationFault(pem = ''): string | undefined {
  if (pem === '') return undefined;
  const lists = revocationLists(pem);
  if (lists.length === 0) return 'its ca.crl holds no list of revoked certificates (X509 CRL)';
  for (const [index, list] of lists.entries()) {
    try {
      createSecureContext({ ca: [], crl: list });
    } catch {
      return `list ${index + 1} of its ca.crl cannot be read`;
    }
  }
  return undefined;
}
