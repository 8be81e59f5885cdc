import type { GatewayOptions } from './gateway-lookups.ts';

/**
 * What the conformance suite of the Gateway API calls features, as far as they are served: the `supportedFeatures` of GatewayClasses. The
 * API wants them in this order.
 */
const FEATURES: readonly string[] = [
  'BackendTLSPolicy',
  'BackendTLSPolicySANValidation',
  'GRPCRoute',
  'GRPCRouteNamedRouteRule',
  'GRPCRouteRequestHeaderModifier',
  'Gateway',
  'GatewayAddressEmpty',
  'GatewayBackendClientCertificate',
  'GatewayFrontendClientCertificateValidation',
  'GatewayFrontendClientCertificateValidationInsecureFallback',
  'GatewayHTTPListenerIsolation',
  'GatewayHTTPSListenerDetectMisdirectedRequests',
  'GatewayPort8080',
  'GatewayRouteHostnameIntersectionPrecedence',
  'GatewayStaticAddresses',
  'HTTPRoute',
  'HTTPRoute303RedirectStatusCode',
  'HTTPRoute307RedirectStatusCode',
  'HTTPRoute308RedirectStatusCode',
  'HTTPRouteBackendProtocolH2C',
  'HTTPRouteBackendProtocolWebSocket',
  'HTTPRouteBackendRequestHeaderModification',
  'HTTPRouteBackendTimeout',
  'HTTPRouteBackendURLRewrite',
  'HTTPRouteCORS',
  'HTTPRouteDestinationPortMatching',
  'HTTPRouteHostRewrite',
  'HTTPRouteMethodMatching',
  'HTTPRouteNamedRouteRule',
  'HTTPRouteParentRefPort',
  'HTTPRoutePathRedirect',
  'HTTPRoutePathRewrite',
  'HTTPRoutePortRedirect',
  'HTTPRouteQueryParamMatching',
  'HTTPRouteRequestMirror',
  'HTTPRouteRequestMultipleMirrors',
  'HTTPRouteRequestPercentageMirror',
  'HTTPRouteRequestTimeout',
  'HTTPRouteResponseHeaderModification',
  // Of the releases 1.5 and 1.6.
  'HTTPRouteRetry',
  'HTTPRouteRetryBackendTimeout',
  'HTTPRouteRetryCodes',
  'HTTPRouteRetryConnectionError',
  'HTTPRouteSchemeRedirect',
  'ListenerSet',
  'ReferenceGrant',
  'TLSRoute',
  'TLSRouteModeMixed',
  'TLSRouteModeTerminate',
];

/** What is said of the objects that are made for Gateways: only where some are made. */
const INFRASTRUCTURE = 'GatewayInfrastructure';

/** Those whose tests in the suite have listeners on other ports than 80 and 443. */
const OF_OTHER_PORTS: ReadonlySet<string> = new Set([
  'GatewayAddressEmpty',
  'GatewayFrontendClientCertificateValidation',
  'GatewayFrontendClientCertificateValidationInsecureFallback',
  'GatewayPort8080',
  'GatewayStaticAddresses',
  'HTTPRouteParentRefPort',
  'TLSRouteModeMixed',
  'TLSRouteModeTerminate',
]);

/** @param options where each Gateway is reached by a Service that is made for it, or all share two ports */
export function supportedFeatures({
  gatewayServices,
  sharedPorts,
}: Pick<GatewayOptions, 'gatewayServices' | 'sharedPorts'>): readonly string[] {
  if (gatewayServices !== undefined) return [...FEATURES, INFRASTRUCTURE].sort();
  return sharedPorts === undefined ? FEATURES : FEATURES.filter(feature => !OF_OTHER_PORTS.has(feature));
}
