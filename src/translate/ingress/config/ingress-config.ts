/** The values of ingress-nginx's ConfigMap that are in force, with its defaults for those that are absent. */
export interface IngressConfig {
  /** The status of redirects to https. */
  readonly httpRedirectCode: number;
}

export const DEFAULT_INGRESS_CONFIG: IngressConfig = { httpRedirectCode: 308 };
