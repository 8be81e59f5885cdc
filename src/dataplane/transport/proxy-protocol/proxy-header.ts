/**
 * The header of the PROXY protocol, by which a load balancer in front says whose connection it passes on
 * (haproxy.org/download/3.0/doc/proxy-protocol.txt). It stands before everything else on the connection.
 */

export interface ProxyHeader {
  /** Bytes of the header; what follows is the client's. */
  readonly size: number;
  /** The client's address; undefined where the peer speaks for itself, or does not know. */
  readonly source: string | undefined;
}

/** What is wrong with the bytes, for people. */
export type ProxyFault = string;

/** The bytes are no header, of either version. */
export const NO_HEADER: ProxyFault = 'the connection does not begin with a header';
