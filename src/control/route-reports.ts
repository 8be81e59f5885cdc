/** What is in force for a route and does not stand in it, for people. */
import type { Route, RouteLimits } from '../model/route.ts';
import type { Explanation } from '../routing/explanation.ts';
import {
  HTTPS_REDIRECT_STATUS,
  httpsLocation,
  ingressHttpsLocation,
  isAcmeChallenge,
} from '../routing/https-location.ts';
import type { Settings } from '../settings/schema.ts';
import type { Catalog } from './catalog.ts';
import type { LimitOrigin, LimitOrigins } from './limits.ts';

/** The answer to a request in plain HTTP, where requests over TLS get another. */
export interface PlainRedirect {
  readonly status: number;
  readonly location: string;
}

export class RouteReports {
  readonly #catalog: Pick<Catalog, 'ingresses' | 'tls'>;
  readonly #settings: () => Pick<Settings, 'tlsListen' | 'httpsPort'>;

  constructor(catalog: Pick<Catalog, 'ingresses' | 'tls'>, settings: () => Pick<Settings, 'tlsListen' | 'httpsPort'>) {
    this.#catalog = catalog;
    this.#settings = settings;
  }

  /** What says each limit of a route. */
  limitOrigins({ overrides, ingress }: Route): LimitOrigins {
    const { ingresses } = this.#catalog;
    const own = ingress === undefined ? overrides : ingresses.ownLimits(ingress.ingress);
    const originOf = (field: keyof RouteLimits): LimitOrigin => {
      if (own[field] !== undefined) return 'annotation';
      if (ingress === undefined) return 'setting';
      return ingresses.configuredLimits[field] === undefined ? 'ingress-nginx' : 'configmap';
    };
    return {
      connectTimeoutMs: originOf('connectTimeoutMs'),
      readTimeoutMs: originOf('readTimeoutMs'),
      sendTimeoutMs: originOf('sendTimeoutMs'),
      maxBodySize: originOf('maxBodySize'),
    };
  }

  /** @returns undefined where plain HTTP gets what TLS gets, and for ports of Gateways, which speak one of the two */
  plainRedirect({ route, host, path, query, upstreamPath, at }: Explanation): PlainRedirect | undefined {
    if (route === undefined || at !== undefined) return undefined;
    const { tlsListen, httpsPort } = this.#settings();
    if (route.ingress !== undefined) {
      const { tlsRedirect } = route.ingress;
      if (tlsRedirect === undefined) return undefined;
      const location = ingressHttpsLocation(tlsRedirect, host, upstreamPath + query, httpsPort);
      return { status: tlsRedirect.status, location };
    }
    const isServed = tlsListen !== undefined && this.#catalog.tls.serves(host);
    if (!isServed || route.tlsRedirect === false || isAcmeChallenge(path)) return undefined;
    return { status: HTTPS_REDIRECT_STATUS, location: httpsLocation(host, path + query, httpsPort) };
  }
}
