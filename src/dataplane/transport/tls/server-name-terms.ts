import type { Certificate } from '../../../model/certificate.ts';
import type { ClusterId } from '../../../model/cluster-id.ts';
import type { ClientCertificatePolicy } from '../../../model/tls-host.ts';

/** Where the bytes of a client go that this program does not read. */
export interface Passage {
  readonly cluster: ClusterId;
  readonly serverName: string;
}

/** How a handshake is made with a client that names a server. */
export interface HandshakeTerms {
  /** Undefined: there is none, and the handshake fails. */
  readonly certificate: Certificate | undefined;
  readonly clientCertificate: ClientCertificatePolicy | undefined;
  /** What sessions are resumed within, besides the policy for client certificates: never anywhere else. */
  readonly scope: string;
  /** On a port of a Gateway: the hostname of the listener. */
  readonly listener?: string;
  /** Where goes what comes inside of TLS; absent: it is HTTP. */
  readonly stream?: Passage;
}

/** What becomes of a client, by the name of the server in its first message. */
export type ServerNameTerms =
  | HandshakeTerms
  /** A cluster ends the TLS of the host itself. */
  | { readonly passage: Passage }
  /** There is no such server: an alert tells the client so. */
  | 'unknown-name'
  /** There is none to pass the bytes to: the connection ends, as a server in TCP would end it. */
  | 'no-stream';
