import type { IngressRoute } from '../../model/route.ts';
import type { IngressConfig } from './config/ingress-config.ts';
import type { IngressReading } from './read-ingress.ts';

export interface IngressRoutesContext {
  readonly config: IngressConfig;
  /** The host has a certificate, or a wildcard of one label above it has. */
  readonly hasTls: boolean;
}

/** What the locations of a host get beyond what routes of Services get: locations of one Ingress that agree share it. */
export class IngressRoutes {
  readonly #context: IngressRoutesContext;
  readonly #global: Partial<IngressRoute>;
  readonly #known = new Map<IngressReading, { readonly plain: IngressRoute; readonly redirected: IngressRoute }>();

  constructor(context: IngressRoutesContext) {
    this.#context = context;
    this.#global = globalPart(context.config);
  }

  /** @param path of the location */
  of(reading: IngressReading, path: string): IngressRoute {
    const { plain, redirected } = this.#both(reading);
    const staysPlain = this.#context.config.noTlsRedirectLocations.some(start => path.startsWith(start));
    return staysPlain ? plain : redirected;
  }

  #both(reading: IngressReading): { readonly plain: IngressRoute; readonly redirected: IngressRoute } {
    const known = this.#known.get(reading);
    if (known !== undefined) return known;
    const { tlsRedirect, ...own } = reading.effect.route ?? {};
    const plain: IngressRoute = { ingress: reading.ingress, ...this.#global, ...own };
    const redirects = tlsRedirect !== undefined && (tlsRedirect.isAlways || this.#context.hasTls);
    const made = { plain, redirected: redirects ? { ...plain, tlsRedirect } : plain };
    this.#known.set(reading, made);
    return made;
  }
}

/** What the ConfigMap says of all locations. */
function globalPart(config: IngressConfig): Partial<IngressRoute> {
  const { useForwardedHeaders, computeFullForwardedFor, proxyAddOriginalUriHeader, allowBackendServerHeader } = config;
  return {
    ...(config.hsts && { hsts: hstsOf(config) }),
    ...(allowBackendServerHeader && { keepsServer: true }),
    ...(useForwardedHeaders && computeFullForwardedFor && { forwardsChain: true }),
    ...(proxyAddOriginalUriHeader && { tellsOriginalUri: true }),
  };
}

/** The value of Strict-Transport-Security (RFC 6797 section 6.1). */
function hstsOf({ hstsMaxAge, hstsIncludeSubdomains, hstsPreload }: IngressConfig): string {
  return `max-age=${hstsMaxAge}${hstsIncludeSubdomains ? '; includeSubDomains' : ''}${hstsPreload ? '; preload' : ''}`;
}
