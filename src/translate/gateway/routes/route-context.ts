/** What the translation of a route asks of everything around it. */
import type { Certificate } from '../../../model/certificate.ts';
import type { UpstreamTls } from '../../../model/cluster.ts';
import type { ServiceRef } from '../../../model/route.ts';
import type { ParentRef } from '../../../resources/gateway/gateway-object.ts';
import type { ServicePort } from '../../../resources/service-object.ts';
import type { DestinationOptions } from '../../destination.ts';
import type { PolicyOptions } from '../../policies/service-policies.ts';
import type { GatewayLookups } from '../gateway-lookups.ts';
import type { Grants } from '../grants.ts';
import type { ListenerReading } from '../readings.ts';

/** Settings, and what is known of the Secrets that annotations name. */
export interface RouteOptions extends DestinationOptions, PolicyOptions {}

export interface RouteContext {
  /**
   * All listeners of what a parentRef names, whatever its section and port.
   * @param namespace of the route @returns undefined where that is no parent of ours
   */
  listenersOf(parent: ParentRef, namespace: string): readonly ListenerReading[] | undefined;
  /** What a Gateway shows to backends that ask for a certificate; undefined: nothing. */
  backendCertificate(gateway: ServiceRef): Certificate | undefined;
  readonly grants: Grants;
  /** What a BackendTLSPolicy says of a port of a Service; undefined: none is about it. */
  backendTls(service: ServiceRef, port: ServicePort): BackendTls | undefined;
  readonly lookups: Pick<GatewayLookups, 'service'>;
  readonly options: RouteOptions;
}

/** How a Service is connected to over TLS, or why it cannot be. */
export type BackendTls = { readonly tls: UpstreamTls } | { readonly fault: string };
