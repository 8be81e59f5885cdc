import type { Certificate } from '../../model/certificate.ts';
import type { ObjectRef } from '../../model/diagnostic.ts';
import type { PortId, PortState } from '../../model/gateway-port.ts';
import type { ServiceRef } from '../../model/route.ts';
import type { GatewayAddress } from '../../resources/gateway/gateway-object.ts';
import type { GatewayService } from '../../resources/gateway/gateway-service.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { DestinationOptions } from '../destination.ts';
import type { PolicyOptions } from '../policies/service-policies.ts';
import type { Fault } from './conditions.ts';
import type { GatewaySocket } from './listeners/addressing.ts';

/** What was looked up: it is there, or what is wrong with it; undefined while it has not been read yet. */
export type Found<T> = { readonly value: T } | { readonly fault: string } | undefined;

/** What Secrets hold that annotations of routes and Services name. */
export type NamedSecrets = Pick<DestinationOptions, 'authorities'> & Pick<PolicyOptions, 'credentials'>;

/** Looks up what objects of the Gateway API name. What was asked for and changes later makes the object be translated again. */
export interface GatewayLookups {
  /** Undefined: there is no such Service. */
  service(ref: ServiceRef): ServiceObject | undefined;
  /** The certificate and key of a Secret; a fault where they are none, or do not belong together. */
  certificate(secret: ServiceRef): Found<Certificate>;
  /** The `ca.crt` of a ConfigMap, as PEM that holds a certificate. */
  authorities(configMap: ServiceRef): Found<string>;
  /** Undefined: there is no such Namespace. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>> | undefined;
  /** Absent: the options say what annotations find. */
  readonly namedSecrets?: NamedSecrets | undefined;
}

/** What is known of the Services that are made for Gateways. */
export interface GatewayServices {
  /** Of a new Service; `LoadBalancer` and `ClusterIP` can be asked for an address. */
  readonly type: GatewayServiceType;
  /** Where this program listens for all of them. */
  readonly host: string;
  /** Undefined: there is no such Service. */
  of(service: ServiceRef): GatewayService | undefined;
  /** Why a Service cannot be made, or changed; undefined: nothing is known that keeps it from that. */
  problemOf(service: ServiceRef): Fault | undefined;
  /** Whether a port of this program is one of those that Gateways get. */
  isGivenAway(port: number): boolean;
  /** Which port of which Gateway has a port of this program since the last {@link hold}. */
  holderOf(port: number): string | undefined;
  /** Says by port of this program what has it now. */
  hold(holders: ReadonlyMap<number, string>): void;
}

/** An object with listeners, and the hosts that they name; the empty one is for all that nothing names. */
export interface SharedClaim {
  readonly object: ObjectRef;
  /** RFC 3339; empty where there is none. */
  readonly createdAt: string;
  readonly hosts: readonly string[];
}

/** The program's own ports, which Gateways share with each other, with Services and with Ingresses. */
export interface SharedPorts {
  readonly plain: GatewaySocket;
  /** Undefined: it has none. */
  readonly tls: GatewaySocket | undefined;
  /** Where clients come in; empty while that is not known. */
  readonly addresses: readonly GatewayAddress[];
  /** The Service or Ingress that has a host, because it is older than who claims it. */
  olderOwner(host: string, claim: SharedClaim): ObjectRef | undefined;
  /** These are all. */
  claim(claims: readonly SharedClaim[]): void;
}

export const GATEWAY_SERVICE_TYPES = ['LoadBalancer', 'NodePort', 'ClusterIP'] as const;
export type GatewayServiceType = (typeof GATEWAY_SERVICE_TYPES)[number];

/** How Gateways are served. */
export interface GatewayOptions {
  readonly controllerName: string;
  /** Those that Gateways may have, each one at a time, where they have no Services. */
  readonly addresses: readonly string[];
  /** The Services by which Gateways are reached; absent: each has one of the addresses, or all share {@link sharedPorts}. */
  readonly gatewayServices?: GatewayServices | undefined;
  /** Absent: each Gateway has ports of its own. */
  readonly sharedPorts?: SharedPorts | undefined;
  /** The version of the bundle that the CRDs are of, such as `v1.7.0`; undefined: not known. */
  bundleVersion?(): string | undefined;
  /** What becomes of ports that are to be listened on. */
  portState(port: PortId): PortState | undefined;
}
