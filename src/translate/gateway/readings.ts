/** What the objects of the Gateway API become, before they are put together. */
import type { Certificate } from '../../model/certificate.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { GatewayPort, PortId, StreamRoute } from '../../model/gateway-port.ts';
import type { Route, ServiceRef } from '../../model/route.ts';
import type { GatewayObject, ListenerSetObject, RouteKind } from '../../resources/gateway/gateway-object.ts';
import type { Destination } from '../destination.ts';
import type { Fault } from './conditions.ts';
import type { ObjectStatus } from './gateway-status.ts';
import type { Addressing } from './listeners/addressing.ts';

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
  /** Undefined: one that is not served. No kind of route may attach then. */
  readonly protocol: 'HTTP' | 'HTTPS' | 'TLS' | undefined;
  /** What becomes of TLS; undefined where there is none. */
  readonly mode: 'Terminate' | 'Passthrough' | undefined;
  /** In lower case; empty: all hosts. */
  readonly hostname: string;
  /** Those that may attach. */
  readonly kinds: ReadonlySet<RouteKind>;
  /** Why the Gateway does not take its ListenerSet, so that no route attaches; absent: it does, or the listener is its own. */
  readonly detached?: string | undefined;
  /** Whether routes of a namespace may attach. */
  allows(namespace: string): boolean;
}

/** A listener, with all that its status says of it. */
export interface ListenerJudgement {
  readonly reading: ListenerReading;
  /** Why it is not accepted, apart from {@link conflict}. */
  readonly refusal: Fault | undefined;
  /** That it cannot be told from another listener. */
  readonly conflict: Fault | undefined;
  /** Why something that it names cannot be used. */
  readonly references: Fault | undefined;
  /** Whether something that it names has not been read yet. */
  readonly isPending: boolean;
  /** That requests of one connection may be for another listener, too. */
  readonly overlap: Fault | undefined;
}

/** A ListenerSet of a Gateway of ours. */
export interface ListenerSetReading {
  readonly set: ListenerSetObject;
  /** Why none of it is served; undefined: some is. */
  readonly refusal: Fault | undefined;
  readonly listeners: readonly ListenerJudgement[];
}

/** A Gateway of ours with its ListenerSets. */
export interface GatewayReading {
  readonly gateway: GatewayObject;
  /** Where clients reach it, and where its ports are listened on. */
  readonly addressing: Addressing;
  /** Also those that are not served: routes attach to them, too. */
  readonly listeners: readonly ListenerReading[];
  /** Without the streams of TLSRoutes. */
  readonly ports: readonly GatewayPort[];
  /** The ports of all its listeners that can be served, whether they are listened on or not. */
  readonly wantedPorts: readonly number[];
  /** Those that the ports name. */
  readonly certificates: readonly Certificate[];
  /** Shown to backends that ask for one; undefined: none is. */
  readonly backendCertificate: Certificate | undefined;
  /** Of all these objects. */
  readonly diagnostics: readonly Diagnostic[];
  /** Why none of it is served; undefined: some is, as far as it has an address. */
  readonly refusal: Fault | undefined;
  /** Why there is no {@link backendCertificate} though it is asked for. */
  readonly backendCertificateFault: Fault | undefined;
  /** Whether clients are served whose certificate no authority has signed, or who have none, where certificates are asked for. */
  readonly servesUnverifiedClients: boolean;
  /** Its own, without those of {@link listenerSets}. */
  readonly ownListeners: readonly ListenerJudgement[];
  readonly listenerSets: readonly ListenerSetReading[];
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
