/** The certificate authorities that Services name: of their clients, or of their endpoints. Pure. */
import { X509Certificate } from 'node:crypto';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { SecretRef } from '../resources/secret-store.ts';
import { isDnsSubdomain } from '../resources/service-object.ts';
import { quote } from '../text/quote.ts';
import type { AnnotationName } from './annotation-names.ts';
import { badAnnotation, RefusalError } from './refusal-error.ts';

/** `ca.crt` of a Secret as PEM, or why it cannot be had; undefined while it is not known. */
export type Authorities = { readonly pem: string } | { readonly fault: string } | undefined;

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

/** @returns the authorities as PEM; empty while they are not known @throws RefusalError when they cannot be used */
export function usableAuthorities(annotation: AnnotationName, { name }: SecretRef, found: Authorities): string {
  if (found === undefined) return '';
  const fault = 'fault' in found ? found.fault : authoritiesFault(found.pem);
  if (fault === undefined) return 'pem' in found ? found.pem : '';
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
