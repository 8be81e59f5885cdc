import { isIdempotent } from '../../formats/http/methods.ts';

/**
 * How long a connect may take while another endpoint could be asked: a pod that has gone without a word answers no SYN. It is as long as
 * the kernel waits before it sends a lost SYN again.
 */
export const FAST_CONNECT_MS = 1_000;

/** An attempt whose connection ended before a response began. */
export interface BrokenAttempt {
  readonly method: string;
  /** The upstream may have closed the connection while this request was on its way, as it may any that had served another request. */
  readonly mayBeClosing: boolean;
  /** Bytes of the request that were written to the connection. */
  readonly bytesSent: number;
  /** Body bytes that were taken from the client and cannot be sent again. */
  readonly bodyBytesGone: number;
  readonly responseBegun: boolean;
}

/** Whether the request may be sent once more, on a new connection. */
export function mayRetryBroken(attempt: BrokenAttempt): boolean {
  const { mayBeClosing, responseBegun, bodyBytesGone, bytesSent, method } = attempt;
  if (!mayBeClosing || responseBegun || bodyBytesGone > 0) return false;
  return bytesSent === 0 || isIdempotent(method);
}

/** What retries are counted by. */
export type RetryCounter = 'retriesConnect' | 'retriesStale' | 'retriesStatus' | 'retriesTimeout';
