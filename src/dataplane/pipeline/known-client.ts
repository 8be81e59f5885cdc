/** What is known of a client beyond its bytes: the port that it has come to, and its TLS session. */
import type { X509Certificate } from 'node:crypto';
import type { PortId } from '../../model/gateway-port.ts';
import type { LoggedTls } from '../log/request-record.ts';

/** What requests know of the TLS session that carries them. */
export interface TlsSession extends LoggedTls {
  /** The policy for client certificates that the handshake followed; empty where none was asked for. Equal policies are equal texts. */
  readonly clientPolicy: string;
  /** Undefined where the client sent none. */
  readonly clientCertificate: ClientCertificate | undefined;
  /** On a port of a Gateway: the hostname of the listener that the server name has led to. */
  readonly listener?: string | undefined;
}

/** The certificate that a client has proved to own. */
export interface ClientCertificate {
  /** It may be self-signed or expired: only {@link fault} says whether it counts. */
  readonly certificate: X509Certificate;
  /** Why it does not count, by OpenSSL's words, such as `certificate has expired`; empty for a verified one. */
  readonly fault: string;
}

/** A port of a Gateway, as requests see it. It changes in place. */
export interface ClientPort {
  readonly id: PortId;
  /** The port that clients know. */
  readonly publicPort: number;
  /** It has gone: the next response on a connection is its last. */
  readonly isClosed: boolean;
  /** The listener that takes a host, the closest one: its name, then the longest wildcard, then that for all hosts. */
  listenerOf(host: string): PortListener | undefined;
}

export interface PortListener {
  /** As in the model; empty: all hosts. */
  readonly hostname: string;
  /** Names it among the listeners of all ports, as `listenerKey` of the model does. */
  readonly key: string;
  /** That of its client certificates, as {@link TlsSession.clientPolicy}. */
  readonly clientPolicy: string;
}

/** What is known of a client before its first request, beyond its connection. */
export interface KnownClient {
  /** The address that the PROXY protocol gives; undefined where the peer is the client. */
  readonly peer?: string | undefined;
  readonly tls?: TlsSession | undefined;
  /** The port of a Gateway that it has come to; undefined on all other ports. */
  readonly port?: ClientPort | undefined;
}
