/** What an endpoint is to a balancer. */
export interface Candidate {
  /** Which endpoint it is: an endpoint that stays keeps it, whatever else changes. */
  readonly id: string;
  /** Above 0. An endpoint of twice the weight takes twice the requests. */
  readonly weight: number;
}

/** Decides whether a request may go to an endpoint. It may answer differently each time: a new endpoint takes only some requests. */
export interface Admission<E> {
  admits(endpoint: E): boolean;
}

/** Requests in flight at an endpoint. */
export type InFlight<E> = (endpoint: E) => number;

/** How long an endpoint takes to its first byte, as a moving average in milliseconds; 0 where nothing has been measured. */
export type FirstByte<E> = (endpoint: E) => number;

/** A number from 0 to less than 1, as Math.random gives it. */
export type Random = () => number;

/**
 * How an attempt at an endpoint ended. `status`: an answer that says that the endpoint does not serve (502, 503 or 504).
 * `cancelled`: the client left, which says nothing about the endpoint.
 */
export type Outcome = 'ok' | 'connect' | 'reset' | 'timeout' | 'status' | 'cancelled';

/** What a balancer may ask about a request. A text is empty where the request lacks it; each is worked out when it is asked for. */
export interface PickRequest {
  /** The address of the client: the peer's, or the one that a trusted proxy gives. */
  clientIp(): string;
  /** Path and query, as the client sent them. */
  uri(): string;
  /** @param name in lower case */
  header(name: string): string;
  cookie(name: string): string;
  query(name: string): string;
  /** One of nginx's variables. @param name without the dollar sign */
  variable(name: string): string;
}

/** Chooses among the endpoints of one cluster. */
export interface Balancer<E extends Candidate> {
  /** The endpoints are these now. Those that were there before keep their state. */
  changed(endpoints: readonly E[]): void;
  /** @returns undefined when no endpoint is admitted */
  pick(request: PickRequest, admission: Admission<E>): E | undefined;
  /** An attempt has ended. @param firstByteMs from its begin to the first byte of the answer, or to its end without one */
  done?(endpoint: E, outcome: Outcome, firstByteMs: number): void;
}
