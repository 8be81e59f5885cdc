import type { ServiceRef } from '../../model/route.ts';

/** What the settings say of Ingresses. */
export interface IngressOptions {
  /** Names of classes that are served; empty: no Ingress is. */
  readonly ingressClass: readonly string[];
  /** Controllers whose IngressClasses are served; empty: ingress-nginx and this program. */
  readonly ingressController?: readonly string[];
  /** Ingresses without a class are served, too. */
  readonly ingressWithoutClass?: boolean;
  /** Of requests beyond a limit. */
  readonly ingressLimitStatus?: number;
  /** Ingresses that ask for a web application firewall are served without one. */
  readonly allowMissingWaf?: boolean;
  /** Answers where no location does. */
  readonly defaultBackendService?: ServiceRef | undefined;
  readonly allowExternalName: boolean;
  /** Whether there is a TLS port. */
  readonly hasTlsPort?: boolean;
}
