import type { Clock } from '../../clock.ts';
import { type EndpointRow, TRIAL, USABLE } from '../../observe/endpoint-board.ts';
import type { Admission, Random } from './balancers/balancer.ts';
import { type EndpointState, NEVER } from './endpoint-state.ts';
import { slowStartShare } from './slow-start.ts';

/**
 * What a pick insists on. Where no endpoint meets it, it insists on less. For a retry: the endpoint keeps a connection open. Several
 * pods that end together may all be unreachable before Kubernetes says so; each closes its idle connections.
 */
export const CONNECTED = 0;
/** Neither held back nor ejected. For a retry: its last request has not failed, whichever worker sent it. */
export const STRICT = 1;
/** New endpoints take their whole share, and those that may be ending are tried. */
export const ANY_USABLE = 2;
/** Ejected endpoints are used: requests may fail there, and without them they would fail here. */
export const ANY = 3;
export type Strictness = typeof CONNECTED | typeof STRICT | typeof ANY_USABLE | typeof ANY;

/** Decides for one request at a time which endpoints it may go to. */
export class EndpointAdmission implements Admission<EndpointState> {
  readonly #row: EndpointRow;
  readonly #random: Random;
  readonly #clock: Clock;
  /** Endpoints that close kept connections are asked last: they may be ending. Not where a key leads to its endpoint. */
  avoidsClosing = true;
  maxRequests = 0;
  slowStartMs = 0;
  strictness: Strictness = STRICT;
  /** The request is the one that tries an ejected endpoint: it goes there, whatever the balancer says. */
  trial: EndpointState | undefined;
  /** The least strictness at which one more endpoint would have been admitted. */
  loosest: Strictness = STRICT;
  #tried: readonly EndpointState[] = [];

  constructor(row: EndpointRow, random: Random, clock: Clock) {
    this.#row = row;
    this.#random = random;
    this.#clock = clock;
  }

  begin(tried: readonly EndpointState[]): void {
    this.#tried = tried;
    this.strictness = tried.length > 0 ? CONNECTED : STRICT;
    this.loosest = STRICT;
    this.trial = undefined;
  }

  admits(endpoint: EndpointState): boolean {
    const isRetry = this.#tried.length > 0;
    if (isRetry && this.#tried.includes(endpoint)) return false;
    if (this.isFull(endpoint)) return false;
    if (this.strictness === CONNECTED && !endpoint.isConnected) return false;
    const verdict = this.#row.verdict(endpoint.slot);
    if (verdict !== USABLE && this.strictness !== ANY) {
      if (verdict === TRIAL && this.#row.takeTrial(endpoint.slot)) {
        this.trial = endpoint;
        return true;
      }
      this.loosest = ANY;
      return false;
    }
    if (this.strictness <= STRICT && ((isRetry && this.#mayFail(endpoint)) || this.#holdsBack(endpoint))) {
      if (this.loosest === STRICT) this.loosest = ANY_USABLE;
      return false;
    }
    return true;
  }

  isFull({ slot }: EndpointState): boolean {
    return this.maxRequests > 0 && this.#row.inFlight(slot) >= this.maxRequests;
  }

  /** Too few attempts are left for an endpoint that is not known to answer. */
  #mayFail(endpoint: EndpointState): boolean {
    return endpoint.isSuspect || this.#row.isFailing(endpoint.slot);
  }

  #holdsBack({ suspectUntil, closingUntil, since }: EndpointState): boolean {
    // A look at the clock costs more than all the rest.
    if (suspectUntil === NEVER && closingUntil === NEVER && this.slowStartMs === 0) return false;
    const now = this.#clock.monotonic();
    if (now < suspectUntil || (now < closingUntil && this.avoidsClosing)) return true;
    const age = now - since;
    return age < this.slowStartMs && this.#random() >= slowStartShare(age, this.slowStartMs);
  }
}
