/** What the objects of the Gateway API become, before they are put together. */
import type { Certificate } from '../../model/certificate.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { GatewayPort, PortId, StreamRoute } from '../../model/gateway-port.ts';
import type { Route, ServiceRef } from '../../model/route.ts';
import type { GatewayObject, RouteKind } from '../../resources/gateway/gateway-object.ts';
import type { Destination } from '../destination.ts';
import type { ObjectStatus } from './gateway-status.ts';

/** What a parentRef can name. */
export interface ParentName extends ServiceRef {
  readonly kind: 'Gateway' | 'ListenerSet';
}

/** One listener: of a Gateway, or of a ListenerSet of it. */
export interface ListenerReading {
  readonly gateway: ServiceRef;
  readonly parent: ParentName;
  /** The name of the listener. */
  readonly section: string;
  readonly port: number;
  /** Undefined: it is not served. */
  readonly portId: PortId | undefined;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TLS';
  /** What becomes of TLS; undefined for HTTP. */
  readonly mode: 'Terminate' | 'Passthrough' | undefined;
  /** In lower case; empty: all hosts. */
  readonly hostname: string;
  /** Those that may attach. */
  readonly kinds: ReadonlySet<RouteKind>;
  /** Whether routes of a namespace may attach. */
  allows(namespace: string): boolean;
}

/** A Gateway of ours with its ListenerSets. */
export interface GatewayReading {
  readonly gateway: GatewayObject;
  /** Undefined: it has none. */
  readonly address: string | undefined;
  /** Also those that are not served: routes attach to them, too. */
  readonly listeners: readonly ListenerReading[];
  /** Without the streams of TLSRoutes. */
  readonly ports: readonly GatewayPort[];
  /** Those that the ports name. */
  readonly certificates: readonly Certificate[];
  /** Shown to backends that ask for one; undefined: none is. */
  readonly backendCertificate: Certificate | undefined;
  /** By the key of the object that it is about. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What becomes of an HTTPRoute, a GRPCRoute or a TLSRoute. */
export interface RouteReading {
  /** On all listeners that it attaches to. */
  readonly routes: readonly Route[];
  readonly streams: readonly { readonly listener: ListenerReading; readonly stream: StreamRoute }[];
  /** Where it leads. */
  readonly destinations: readonly Destination[];
  /** Those that it attaches to. */
  readonly attached: ReadonlySet<ListenerReading>;
  readonly status: ObjectStatus;
  readonly diagnostics: readonly Diagnostic[];
}
