import type { Certificate, CertificateId } from './certificate.ts';
import type { ClusterId } from './cluster-id.ts';
import type { ClientCertificatePolicy } from './tls-host.ts';

/** Names an address and port on which listeners of Gateways are served. */
export type PortId = string;

/** An address and port that listeners share, with all that is said of it before HTTP. */
export interface GatewayPort {
  readonly id: PortId;
  /**
   * All Gateways share it with Services and Ingresses: it is a port that this program has anyway, and nothing is opened for it. Absent: it
   * is one Gateway's alone.
   */
  readonly isShared?: true;
  readonly listen: { readonly host: string; readonly port: number };
  /** The port that clients know: that of the listeners. */
  readonly publicPort: number;
  /** `tls`: a ClientHello comes first, and its server name chooses the listener. */
  readonly transport: 'plain' | 'tls';
  /** In no order: no two have the same hostname. */
  readonly listeners: readonly GatewayListener[];
}

export interface GatewayListener {
  /** For people: `NAMESPACE/GATEWAY/SECTION`, or that of a ListenerSet. */
  readonly name: string;
  /** In lower case; empty: all hosts. The star of `*.example.com` stands for one label or more. */
  readonly hostname: string;
  /** What becomes of a connection; on a port without TLS always `http`. */
  readonly serves: 'http' | 'passthrough' | 'bytes';
  /** Of a listener that ends TLS; the server name chooses among them, the first is for all other names. */
  readonly certificates: readonly CertificateId[];
  /** Whether clients have to show a certificate; absent: none is asked for. */
  readonly clientCertificate?: ClientCertificatePolicy;
  /** Of `passthrough`, whose bytes go on untouched, and `bytes`, where TLS ends here and what is inside goes on: where to, by server name. */
  readonly streams?: readonly StreamRoute[];
}

/** Where the bytes of connections go whose server name a TLSRoute names. */
export interface StreamRoute {
  /** As {@link GatewayListener.hostname}. */
  readonly host: string;
  /** Connections are spread by weight. Without a backend with a weight, they are refused. */
  readonly backends: readonly { readonly cluster: ClusterId; readonly weight: number }[];
}

/** Changes of what is listened on for Gateways. */
export interface PortChanges {
  readonly certificates: { readonly upserts: readonly Certificate[]; readonly removals: readonly CertificateId[] };
  readonly ports: { readonly upserts: readonly GatewayPort[]; readonly removals: readonly PortId[] };
}

/** Whether a port is listened on: by all workers, or why it is not. */
export type PortState =
  | { readonly state: 'opening' | 'listening' }
  | { readonly state: 'failed'; readonly code: string; readonly why: string };

/** What of a change comes: before the routes of the ports. */
export function portArrivals({ certificates, ports }: PortChanges): PortChanges {
  return {
    certificates: { upserts: certificates.upserts, removals: [] },
    ports: { upserts: ports.upserts, removals: [] },
  };
}

/** What of a change goes: behind the routes of the ports. */
export function portDepartures({ certificates, ports }: PortChanges): PortChanges {
  return {
    certificates: { upserts: [], removals: certificates.removals },
    ports: { upserts: [], removals: ports.removals },
  };
}
