/** What the table of failures says of each reason, and the kinds of reasons that many share. */

/** Who has to change something. `entry` is this program, or what it was told to do. */
export type FailureSource = 'client' | 'upstream' | 'entry';

export interface Failure {
  /**
   * The status of the answer that the entry gives. 0 where the response has always begun before: its status stays. 499 is
   * nginx's status for a client that left before it was answered, and stands in the log only.
   */
  readonly status: number;
  readonly source: FailureSource;
  /** The client's connection ends: where its next request begins is unknown, or it goes on sending what is not read. */
  readonly closes: boolean;
  /** The request may be sent to an upstream once more; retry.ts has the conditions. */
  readonly mayRetry: boolean;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence: what to do about it. */
  readonly remedy: string;
}

/** A request that is refused as it stands. */
export function request(status: number, meaning: string, remedy: string): Failure {
  return { status, source: 'client', closes: true, mayRetry: false, meaning, remedy };
}

/** A response that must not be passed on. */
export function response(meaning: string, remedy: string): Failure {
  return { status: 502, source: 'upstream', closes: false, mayRetry: false, meaning, remedy };
}

/** The upstream could not be reached, or was silent. */
export function upstream(status: 502 | 504, mayRetry: boolean, meaning: string, remedy: string): Failure {
  return { status, source: 'upstream', closes: false, mayRetry, meaning, remedy };
}

/** What happened after the response had begun. */
export function late(source: FailureSource, meaning: string, remedy: string): Failure {
  return { status: 0, source, closes: true, mayRetry: false, meaning, remedy };
}

export function entry(status: number, closes: boolean, meaning: string, remedy: string): Failure {
  return { status, source: 'entry', closes, mayRetry: false, meaning, remedy };
}

/** The request can be served a moment later. */
export function later(meaning: string, remedy: string): Failure {
  return { ...entry(503, false, meaning, remedy), retryAfter: 1 };
}

export const MEND_CLIENT =
  'Correct the client or the proxy in front: RFC 9112 forbids this, and it is used to smuggle requests.';
export const MEND_UPSTREAM =
  'Correct the application: RFC 9112 forbids this, and clients could disagree on where it ends.';
