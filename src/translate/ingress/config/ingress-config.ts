import type { HashKey } from '../../../model/cluster.ts';
import type { ServiceRef } from '../../../model/route.ts';
import type { NextUpstream } from '../next-upstream-words.ts';

/**
 * The values of ingress-nginx's ConfigMap that are in force, with ingress-nginx's defaults for those that are absent. Each is named as its key; where there is an
 * annotation of the same name, that one counts.
 */
export interface IngressConfig {
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
  readonly httpRedirectCode: number;
  /** Beginnings of paths. */
  readonly noTlsRedirectLocations: readonly string[];
  readonly relativeRedirects: boolean;
  readonly hsts: boolean;
  /** Seconds. */
  readonly hstsMaxAge: number;
  readonly hstsIncludeSubdomains: boolean;
  readonly hstsPreload: boolean;

  /** In CIDR form, as in the next two. */
  readonly whitelistSourceRange: readonly string[];
  readonly denylistSourceRange: readonly string[];
  readonly blockCidrs: readonly string[];
  /** Texts, or patterns behind `~` or `~*`; the next one, too. */
  readonly blockUserAgents: readonly string[];
  readonly blockReferers: readonly string[];
  readonly limitReqStatusCode: number;
  readonly limitConnStatusCode: number;
  /** Beginnings of paths. */
  readonly noAuthLocations: readonly string[];
  /** Empty: none. */
  readonly globalAuthUrl: string;
  readonly globalAuthMethod: string;
  readonly globalAuthSignin: string;
  readonly globalAuthSigninRedirectParam: string;
  readonly globalAuthResponseHeaders: readonly string[];
  readonly globalAuthRequestRedirect: string;
  readonly globalAuthCacheKey: string;
  readonly globalAuthCacheDuration: string;
  readonly globalAuthAlwaysSetCookie: boolean;
  readonly allowCrossNamespaceResources: boolean;
  readonly allowSnippetAnnotations: boolean;
  readonly enableModsecurity: boolean;
  readonly annotationValueWordBlocklist: readonly string[];

  /** Bytes; 0: any. */
  readonly proxyBodySize: number;
  readonly proxyConnectTimeoutMs: number;
  readonly proxyReadTimeoutMs: number;
  readonly proxySendTimeoutMs: number;
  readonly proxyNextUpstream: NextUpstream;
  /** 0: any number. */
  readonly proxyNextUpstreamTries: number;
  readonly retryNonIdempotent: boolean;
  readonly serviceUpstream: boolean;
  readonly loadBalance: 'round_robin' | 'ewma' | undefined;
  readonly upstreamHashBy: HashKey | undefined;

  readonly customHttpErrors: readonly number[];
  readonly disableProxyInterceptErrors: boolean;
  readonly addHeaders: ServiceRef | undefined;
  readonly proxySetHeaders: ServiceRef | undefined;
  readonly hideHeaders: readonly string[];
  readonly globalAllowedResponseHeaders: readonly string[];
  readonly allowBackendServerHeader: boolean;
  /** As the annotations write them, and `off`. */
  readonly proxyCookieDomain: string;
  readonly proxyCookiePath: string;
  readonly proxyRedirectFrom: string;
  readonly proxyRedirectTo: string;
  readonly useForwardedHeaders: boolean;
  readonly computeFullForwardedFor: boolean;
  readonly proxyAddOriginalUriHeader: boolean;
  readonly useGzip: boolean;
  readonly enableBrotli: boolean;
  readonly disableAccessLog: boolean;
}
