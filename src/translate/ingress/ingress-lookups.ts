import type { Credentials } from '../../model/credentials.ts';
import type { ServiceRef } from '../../model/route.ts';
import type { CredentialsFault } from '../../resources/credentials.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { SecretCertificate } from '../secret-certificate.ts';
import type { Authorities } from '../tls-authorities.ts';
import type { ConfigMapData } from './ingress-feature.ts';

/** What an Ingress names, as far as it is known. Who looks something up is translated again when that changes. */
export interface IngressLookups {
  service(service: ServiceRef): ServiceObject | undefined;
  /** Undefined while nothing is known. */
  credentials(secret: SecretRef): Credentials | CredentialsFault | undefined;
  authorities(secret: SecretRef): Authorities;
  /** Undefined while nothing is known. */
  certificate(secret: SecretRef): SecretCertificate | { readonly fault: string } | undefined;
  /** Undefined while nothing is known. */
  configMap(configMap: ServiceRef): ConfigMapData | { readonly fault: string } | undefined;
  /** Something that was looked up is not known yet. */
  readonly isAwaiting: boolean;
}

/** For translations of objects alone: nothing is known beside them. */
export const NO_LOOKUPS: IngressLookups = {
  service: () => undefined,
  credentials: () => undefined,
  authorities: () => undefined,
  certificate: () => undefined,
  configMap: () => undefined,
  isAwaiting: false,
};
