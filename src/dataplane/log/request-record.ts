import type { FailureReason } from '../../failures/failures.ts';
import type { Endpoint } from '../../model/cluster.ts';
import type { PolicyKind } from '../../model/policy.ts';
import type { Route } from '../../model/route.ts';

/** The version of HTTP that a client speaks, as nginx's $server_protocol names it. */
export type Protocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';

/** What the access log says of a TLS session. */
export interface LoggedTls {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** By OpenSSL's name. */
  readonly cipher: string;
  /** The name in the ClientHello (RFC 6066 section 3), in lower case; empty without one. */
  readonly serverName: string;
  /** The client had a ticket of an earlier session. */
  readonly isResumed: boolean;
}

/** One finished request, as the access log sees it. */
export interface RequestRecord {
  readonly remoteAddress: string;
  /** Undefined for a request in clear text. */
  readonly tls: LoggedTls | undefined;
  /** As it was matched, empty when the request was refused before. */
  readonly host: string;
  readonly status: number;
  /** Of the response body. */
  readonly bodyBytes: number;
  readonly requestBytes: number;
  readonly requestId: string;
  readonly durationMs: number;
  readonly route: Pick<Route, 'service' | 'path'> | undefined;
  /** The upstream asked last; undefined when none was asked. */
  readonly endpoint: Endpoint | undefined;
  /** From asking it to the end; NaN when none was asked. */
  readonly upstreamMs: number;
  /** The status of its answer; of a failed attempt 502 or 504, as in nginx; 0 where the client left first, or none was asked. */
  readonly upstreamStatus: number;
  /** The tries that failed before, in order. */
  readonly earlierAttempts: readonly UpstreamAttempt[];
  /** The policy of the route that has answered or refused it; undefined where none has. */
  readonly policy: PolicyKind | undefined;
  /** Why the request failed; a dash when it did not. */
  readonly reason: FailureReason | '-';
}

/**
 * What the access log takes from the head of a request. Each method writes one part as the client sent it, nothing where it is
 * absent, and returns the place after it.
 */
export interface LoggedHead {
  /** Empty where the bytes were no request. */
  readonly protocol: Protocol | '';
  /** All parts together have at most so many bytes. */
  readonly mostBytes: number;
  /** Without its line end. */
  writeRequestLine(bytes: Buffer, at: number): number;
  writeReferer(bytes: Buffer, at: number): number;
  writeUserAgent(bytes: Buffer, at: number): number;
  writeForwardedFor(bytes: Buffer, at: number): number;
  /** Only the name of Basic credentials is logged. */
  readonly authorization: string;
}

/** A try at an upstream that gave no answer. */
export interface UpstreamAttempt {
  readonly endpoint: Endpoint;
  /** 502 or 504: what the entry would have answered. */
  readonly status: number;
  readonly ms: number;
}

export const NO_ATTEMPTS: readonly UpstreamAttempt[] = [];
