import { isIdempotent } from './methods.ts';

export interface BrokenAttempt {
  readonly method: string;
  /** Attempts made so far. */
  readonly attempts: number;
  /** The connection had served another request before: it may have been closed while this one was on its way. */
  readonly reused: boolean;
  /** Bytes of the request that were written to the connection. */
  readonly bytesSent: number;
  /** Body bytes that were taken from the client and cannot be sent again. */
  readonly bodyBytesGone: number;
  readonly responseBegun: boolean;
}

/** Whether a request whose connection broke may go out once more, on a fresh connection. */
export function mayRetryStale(attempt: BrokenAttempt): boolean {
  if (attempt.attempts > 1 || !attempt.reused || attempt.responseBegun || attempt.bodyBytesGone > 0) return false;
  return attempt.bytesSent === 0 || isIdempotent(attempt.method);
}
