/** Every way a request can fail here, and the one place that says how it is answered. */
import { ALLOWED_METHODS } from './methods.ts';

export type FailureCode =
  | 'BAD_REQUEST'
  | 'NO_ROUTE'
  | 'METHOD_NOT_ALLOWED'
  | 'CLIENT_TIMEOUT'
  | 'BODY_TOO_LARGE'
  | 'URI_TOO_LONG'
  | 'HEADERS_TOO_LARGE'
  | 'TRANSFER_CODING_NOT_IMPLEMENTED'
  | 'VERSION_NOT_SUPPORTED'
  | 'NO_TABLE'
  | 'NO_ENDPOINT'
  | 'CONNECT_FAILED'
  | 'CONNECT_TIMEOUT'
  | 'UPSTREAM_CLOSED'
  | 'BAD_RESPONSE'
  | 'UPSTREAM_TIMEOUT'
  | 'INTERNAL';

export interface Failure {
  readonly status: number;
  /**
   * The connection cannot be trusted any more: where the next request begins is unknown, or the client goes on sending
   * what nobody will read.
   */
  readonly closes: boolean;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  /** For a method that is refused: what may be asked instead. */
  readonly allow?: string;
}

export const FAILURES: Readonly<Record<FailureCode, Failure>> = {
  BAD_REQUEST: { status: 400, closes: true },
  NO_ROUTE: { status: 404, closes: false },
  METHOD_NOT_ALLOWED: { status: 405, closes: true, allow: ALLOWED_METHODS },
  CLIENT_TIMEOUT: { status: 408, closes: true },
  BODY_TOO_LARGE: { status: 413, closes: true },
  URI_TOO_LONG: { status: 414, closes: true },
  HEADERS_TOO_LARGE: { status: 431, closes: true },
  TRANSFER_CODING_NOT_IMPLEMENTED: { status: 501, closes: true },
  VERSION_NOT_SUPPORTED: { status: 505, closes: true },
  NO_TABLE: { status: 503, closes: false, retryAfter: 1 },
  NO_ENDPOINT: { status: 503, closes: false, retryAfter: 1 },
  CONNECT_FAILED: { status: 502, closes: false },
  CONNECT_TIMEOUT: { status: 504, closes: false },
  UPSTREAM_CLOSED: { status: 502, closes: false },
  BAD_RESPONSE: { status: 502, closes: false },
  UPSTREAM_TIMEOUT: { status: 504, closes: false },
  INTERNAL: { status: 500, closes: true },
};

/** nginx's status for a client that left before it was answered. In the log only. */
export const CLIENT_CLOSED_REQUEST = 499;
