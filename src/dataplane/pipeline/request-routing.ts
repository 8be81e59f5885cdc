import type { FailureReason } from '../../failures/failures.ts';
import type { AddressRanges } from '../../formats/address-ranges.ts';
import { authenticatesConnection } from '../../formats/http/authentication.ts';
import { isRefusedMethod } from '../../formats/http/methods.ts';
import { type RouteLimits, upstreamPath } from '../../model/route.ts';
import type { TlsHost } from '../../model/tls-host.ts';
import { DecodedPath } from '../../routing/decoded-path.ts';
import { parseHost } from '../../routing/host.ts';
import {
  HTTPS_REDIRECT_STATUS,
  httpsLocation,
  ingressHttpsLocation,
  isAcmeChallenge,
} from '../../routing/https-location.ts';
import { PatternCostError } from '../../routing/pattern/pattern-cost-error.ts';
import { emptyTarget, parseTarget, targetFault } from '../../routing/target.ts';
import type { Settings } from '../../settings/schema.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import type { EngineState } from '../engine.ts';
import type { CompiledTable } from '../route-compiler.ts';
import { backendRoute, routeOrCanary } from './canary.ts';
import { sessionFault } from './client-certificates.ts';
import { grpcLimits, grpcTimeoutMs, isGrpc } from './grpc.ts';
import { AUTHORIZATION, UPGRADE } from './header-ids.ts';
import { HttpsRedirect } from './https-redirect.ts';
import { askedHost } from './ingress-request.ts';
import type { ClientPort } from './known-client.ts';
import { PortRouting } from './port-routing.ts';
import type { ClientIdentity, RequestView } from './ports.ts';
import { SharedHost } from './shared-host.ts';
import { type Client, isSecure } from './told-by-proxies.ts';
import { allowedUpgrade } from './upgrade.ts';

const NO_LIMITS: RouteLimits = { connectTimeoutMs: 0, readTimeoutMs: 0, sendTimeoutMs: 0, maxBodySize: 0 };

/** What a request asks for, and which route takes it; used again for each request of a client. */
export class RequestRouting {
  readonly target = emptyTarget();
  /** What hosts of Ingresses compare with their paths. */
  readonly decodedPath = new DecodedPath();
  route: CompiledRoute | undefined;
  /** What a request to the route may take; without a route, zeros that nothing reads. */
  limits: RouteLimits = NO_LIMITS;
  /** The protocols it may be upgraded to; undefined for a plain request. */
  upgrade: string | undefined;
  /** The request has credentials that count for the whole connection: see formats/http/authentication.ts. */
  authenticatesConnection = false;
  /** It is a call of gRPC. */
  isGrpc = false;
  /** What the call says that it may take; undefined where it says nothing. */
  grpcTimeoutMs: number | undefined;
  /** Most bytes that the body may have; 0 is no limit. */
  bodyLimit = 0;
  /** Made for the first request that comes to a port of a Gateway. */
  #portRouting: PortRouting | undefined;
  /** Made for the first request that comes to a port that Gateways share. */
  #sharedHost: SharedHost | undefined;
  /** A listener of a Gateway has the host. */
  #isOfListener = false;
  /** A client sends the same Host again and again: it is parsed once. */
  #rawHost = '';
  #parsedHost: string | undefined = '';

  /** nginx's $host: the host of an absolute target, else of the Host header; empty for HTTP/1.0 without either. */
  get host(): string {
    return this.target.host || (this.#parsedHost ?? '');
  }

  /** Host and port as they came. RFC 9112 section 3.2.2: an absolute target replaces the Host header. */
  get authority(): string {
    return this.target.authority || this.#rawHost;
  }

  /** The path that the upstream gets, unless a policy makes another one of it: to Ingresses, as it came. */
  get upstreamPath(): string {
    const { target } = this;
    const route = this.route as CompiledRoute;
    return route.ingress === undefined ? upstreamPath(route.strippedPrefix, target.path) : target.rawPath;
  }

  /** Drops the texts that are parts of the head: each would keep the whole head in memory. */
  forget(): void {
    this.upgrade = undefined;
    this.target.host = '';
    this.target.authority = '';
    this.target.path = '';
    this.target.rawPath = '';
    this.target.query = '';
    this.decodedPath.set('');
    this.#portRouting?.forget();
  }

  /** @returns why the request must be refused, or where it has to be sent instead; undefined where it may go on */
  validateAndRoute(
    head: RequestView,
    state: EngineState,
    client: Client & Pick<ClientIdentity, 'port'>,
    trusted: AddressRanges,
  ): FailureReason | HttpsRedirect | undefined {
    const { table, settings, tlsHosts, gatewayPorts } = state;
    this.route = undefined;
    this.upgrade = undefined;
    this.isGrpc = isGrpc(head);
    this.authenticatesConnection = head.has(AUTHORIZATION) && authenticatesConnection(head.value(AUTHORIZATION));
    this.grpcTimeoutMs = undefined;
    this.bodyLimit = 0;
    this.target.host = '';
    this.target.authority = '';
    this.target.path = '';
    const rawHost = head.host;
    if (rawHost !== this.#rawHost) {
      this.#rawHost = rawHost;
      this.#parsedHost = parseHost(rawHost);
    }
    // HTTP/1.0 may do without one; an empty Host names nothing.
    if (head.hasHost && (this.#parsedHost === undefined || rawHost === '')) return 'request_host_malformed';
    if (isRefusedMethod(head.method)) return 'request_method_refused';
    if (!parseTarget(head.target, settings.mergeSlashes, this.target)) return `request_${targetFault(head.target)}`;
    if (table === undefined) return 'table_not_loaded';
    this.decodedPath.set(this.target.rawPath);
    const { port } = client;
    this.#isOfListener = port !== undefined;
    let route: CompiledRoute | FailureReason | undefined;
    if (port !== undefined) route = this.#findRouteAt(port, table, head, client);
    else if (gatewayPorts.areShared) route = this.#findSharedRoute(state, table, head, client);
    else route = this.#findRoute(table);
    if (typeof route === 'string') return route;
    this.route = route;
    const ingress = route?.ingress;
    let redirect: HttpsRedirect | undefined;
    // What hosts of the TLS port ask for is nothing to a listener of a Gateway.
    if (!this.#isOfListener && (tlsHosts.size > 0 || ingress !== undefined || gatewayPorts.areShared)) {
      const outcome = this.#judgeTls(tlsHosts.host(this.host), head, route, settings, client, trusted);
      if (typeof outcome === 'string' || (outcome !== undefined && ingress === undefined)) return outcome;
      redirect = outcome;
    }
    if (route === undefined) return 'no_route';
    if (route.canary !== undefined) this.route = routeOrCanary(route, head);
    else if (route.backends !== undefined) this.route = backendRoute(route.backends, head);
    this.limits = route.limits(settings);
    if (this.isGrpc) this.#limitCall(head, route);
    this.bodyLimit = this.limits.maxBodySize;
    if (this.bodyLimit > 0 && head.contentLength > this.bodyLimit) return 'request_body_too_large';
    // At Ingresses, a body that is too large is refused first, as nginx does it.
    if (redirect !== undefined) return redirect;
    if (head.offersUpgrade) this.upgrade = allowedUpgrade(head.value(UPGRADE), settings.upgradeProtocols);
    return undefined;
  }

  /** On a port that Gateways share with Services and Ingresses. Returns as #findRoute(). */
  #findSharedRoute(
    state: EngineState,
    table: CompiledTable,
    head: RequestView,
    client: Client,
  ): CompiledRoute | FailureReason | undefined {
    this.#sharedHost ??= new SharedHost();
    const shared = this.#sharedHost;
    const { target, host } = this;
    // The host of an absolute target is a part of the head.
    shared.find(state, client.tls === undefined ? 'plain' : 'tls', host, target.host === '');
    if (shared.port === undefined) return this.#findRoute(table);
    const first = shared.isUnnamed ? table.matchAnyHost(target.path) : undefined;
    if (first !== undefined) return first;
    this.#isOfListener = true;
    return this.#findRouteAt(shared.port, table, head, client);
  }

  /** @returns the route, where there is one, or why the request must be refused */
  #findRoute(table: CompiledTable): CompiledRoute | FailureReason | undefined {
    const { target, decodedPath } = this;
    try {
      const route = table.match(this.host, target.path, decodedPath);
      return decodedPath.isRefused ? 'request_path_above_root' : route;
    } catch (error) {
      if (error instanceof PatternCostError) return 'pattern_too_costly';
      throw error;
    }
  }

  /** Returns as #findRoute(). */
  #findRouteAt(
    port: ClientPort,
    table: CompiledTable,
    head: RequestView,
    { tls }: Client,
  ): CompiledRoute | FailureReason | undefined {
    this.#portRouting ??= new PortRouting();
    return this.#portRouting.find(table, port, { head, host: this.host, target: this.target, session: tls });
  }

  #limitCall(head: RequestView, { overrides }: CompiledRoute): void {
    this.grpcTimeoutMs = grpcTimeoutMs(head);
    this.limits = grpcLimits(this.limits, overrides.readTimeoutMs, this.grpcTimeoutMs);
  }

  /** What the TLS of its host asks of a request. Returns as validateAndRoute(). */
  #judgeTls(
    host: TlsHost | undefined,
    head: RequestView,
    route: CompiledRoute | undefined,
    settings: Settings,
    client: Client,
    trusted: AddressRanges,
  ): FailureReason | HttpsRedirect | undefined {
    if (client.tls !== undefined) return sessionFault(client.tls, host?.clientCertificate);
    const isAcme = isAcmeChallenge(this.target.path);
    if (route?.ingress !== undefined || (host !== undefined && !isAcme)) {
      const redirect = this.#httpsRedirect(head, route, settings, client, trusted);
      if (redirect !== undefined) return redirect;
    }
    if (host === undefined || isAcme) return undefined;
    return host.clientCertificate?.mode === 'required' ? 'client_certificate_missing' : undefined;
  }

  /** Where a request in plain HTTP to a host with TLS is sent; undefined where it stays. */
  #httpsRedirect(
    head: RequestView,
    route: CompiledRoute | undefined,
    settings: Settings,
    client: Client,
    trusted: AddressRanges,
  ): HttpsRedirect | undefined {
    const { target, authority } = this;
    if (route?.ingress !== undefined) {
      const { tlsRedirect } = route.ingress;
      if (tlsRedirect === undefined || isSecure(head, client, trusted)) return undefined;
      const host = parseHost(askedHost(head, client, authority, trusted)) ?? this.host;
      const asked = target.rawPath + target.query;
      return new HttpsRedirect(ingressHttpsLocation(tlsRedirect, host, asked, settings.httpsPort), tlsRedirect.status);
    }
    const isServed = settings.tlsListen !== undefined;
    if (!isServed || route?.redirectsToHttps === false || isSecure(head, client, trusted)) return undefined;
    const location = httpsLocation(this.host, target.path + target.query, settings.httpsPort);
    return new HttpsRedirect(location, HTTPS_REDIRECT_STATUS);
  }
}
