/** What the settings say of Ingresses. */
export interface IngressOptions {
  /** Names of classes that are served; empty: no Ingress is. */
  readonly ingressClass: readonly string[];
  /** Ingresses without a class are served, too. */
  readonly watchIngressWithoutClass?: boolean;
  /** Of requests beyond a limit. */
  readonly ingressLimitStatus?: number;
  /** Ingresses that ask for a web application firewall are served without one. */
  readonly allowMissingWaf?: boolean;
  /** `namespace/name` of the Service that answers where no location does. */
  readonly defaultBackendService?: string;
  readonly allowExternalName: boolean;
  /** Whether there is a TLS port. */
  readonly hasTlsPort?: boolean;
}
