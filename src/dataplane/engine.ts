/** What a worker needs of an HTTP implementation, and what it gives it. */
import type { Clock } from '../clock.ts';
import type { ListenAddress } from '../formats/listen-address.ts';
import type { Certificate } from '../model/certificate.ts';
import type { ClusterId } from '../model/route.ts';
import type { WorkerCounters } from '../observe/counters.ts';
import type { Settings } from '../settings/schema.ts';
import type { ClusterState } from './clusters/cluster-state.ts';
import type { GatewayPortState } from './gateway-port-state.ts';
import type { GatewayPorts } from './gateway-ports.ts';
import type { AccessLog } from './log/access-log.ts';
import type { FailureReporter } from './pipeline/failure-reporter.ts';
import type { CompiledTable } from './route-compiler.ts';
import type { TlsHosts } from './transport/tls/tls-hosts.ts';

/** What requests are judged by. Each field is replaced as a whole between two requests; a request reads it once. */
export interface EngineState {
  /** Undefined until the first complete table: requests get 503. */
  table: CompiledTable | undefined;
  settings: Settings;
  /** HTML for 500, 502, 503 and 504. */
  errorPage: string;
  /** The hosts of the TLS port. They change in place. */
  readonly tlsHosts: TlsHosts;
  /** The ports of Gateways, and their certificates. They change in place, too. */
  readonly gatewayPorts: GatewayPorts;
  /** A cluster that a host of the TLS port, or a listener of a Gateway leads to; undefined for one that is not there. */
  readonly clusterOf: (id: ClusterId) => ClusterState | undefined;
  /** Of hosts that have none of their own; undefined where TLS does not listen. */
  defaultCertificate: Certificate | undefined;
  /** Encrypt the tickets by which clients resume sessions: 48 bytes, the same for all workers. */
  ticketKeys: Uint8Array;
}

export interface EngineContext {
  readonly state: EngineState;
  readonly counters: WorkerCounters;
  readonly accessLog: AccessLog;
  /** What time limits are measured by. */
  readonly clock: Clock;
  /** What the engine `wire` may take for all its clients together. */
  readonly clientBytes: number;
  readonly failures: FailureReporter;
}

/** A port of a Gateway that is listened on. */
export interface OpenPort {
  /** Stops accepting, and drains its connections. */
  close(): void;
}

export interface Engine {
  /**
   * Starts to accept.
   * @param reusePort sockets may share the port, and the kernel spreads the connections
   * @returns the address bound, with the port the system chose for port 0
   */
  listen(address: ListenAddress, reusePort: boolean): Promise<ListenAddress>;

  /** As listen(), for connections with TLS. @throws UnavailableError from an engine that has none */
  listenTls(address: ListenAddress, reusePort: boolean): Promise<ListenAddress>;

  /**
   * Listens on a port of a Gateway, as it is at each moment.
   * @throws the system's error where it cannot, UnavailableError from an engine that serves no Gateways
   */
  listenPort(port: GatewayPortState, reusePort: boolean): Promise<OpenPort>;

  /** Reads the settings again. */
  settingsChanged(): void;

  /**
   * Stops accepting, closes idle connections, answers what is under way with `Connection: close`.
   * @returns when the last connection, tunnels included, has ended
   */
  drain(): Promise<void>;

  /** Ends every connection at once. */
  close(): void;
}
