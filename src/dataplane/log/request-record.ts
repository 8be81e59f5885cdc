import type { FailureReason } from '../failures/failures.ts';

/** One finished request, as the log sees it. Texts are as the client sent them: the formatter escapes. */
export interface RequestRecord {
  readonly remoteAddress: string;
  /** Milliseconds since the epoch, when the request was finished. */
  readonly time: number;
  /** The request line without its line end; empty when none came. */
  readonly requestLine: string;
  readonly host: string;
  readonly status: number;
  /** Of the response body. */
  readonly bodyBytes: number;
  readonly requestBytes: number;
  readonly referer: string;
  readonly userAgent: string;
  readonly forwardedFor: string;
  readonly remoteUser: string;
  readonly requestId: string;
  readonly durationMs: number;
  /** `namespace/service`, empty without a route. */
  readonly service: string;
  readonly routePath: string;
  /** `address:port` of the upstream asked last, empty when none was asked. */
  readonly upstream: string;
  /** From asking it to the end; NaN when none was asked. */
  readonly upstreamMs: number;
  /** The status of its answer, 0 when there was none. */
  readonly upstreamStatus: number;
  /** The tries that failed before, in order. */
  readonly earlierAttempts: readonly UpstreamAttempt[];
  /** Why the request failed; a dash when it did not. */
  readonly reason: FailureReason | '-';
}

/** A try at an upstream that gave no answer. */
export interface UpstreamAttempt {
  readonly upstream: string;
  readonly ms: number;
}

export const NO_ATTEMPTS: readonly UpstreamAttempt[] = [];
