import { isIdempotent } from './methods.ts';

/** An attempt whose connection ended before a response began. */
export interface BrokenAttempt {
  readonly method: string;
  /** Attempts made so far. */
  readonly attempts: number;
  /** The connection had served another request before: the upstream may have closed it while this request was on its way. */
  readonly reused: boolean;
  /** Bytes of the request that were written to the connection. */
  readonly bytesSent: number;
  /** Body bytes that were taken from the client and cannot be sent again. */
  readonly bodyBytesGone: number;
  readonly responseBegun: boolean;
}

/** Whether the request may be sent once more, on a new connection. */
export function mayRetryStale(attempt: BrokenAttempt): boolean {
  if (attempt.attempts > 1 || !attempt.reused || attempt.responseBegun || attempt.bodyBytesGone > 0) return false;
  return attempt.bytesSent === 0 || isIdempotent(attempt.method);
}
