import { changedPart } from '../../model/changed-part.ts';
import { EJECTED, type EndpointBoard, NO_SLOT, TRIAL, USABLE, type Verdict } from '../../observe/endpoint-board.ts';
import { Ejection, type EjectionReason, type OutlierLimits } from './ejection.ts';
import type { FailureWindows } from './failure-windows.ts';

/** So many requests in a window, and such a part of them failed. */
const LEAST_REQUESTS = 50;
const FAILED_PART = 0.85;
/** With fewer usable endpoints than this part, all are used: those that are left could not take the requests of all. */
const PANIC_PART = 0.5;

/** Of nearly all clusters, and one for all of them: nothing is ever put in. With ten thousand clusters, empty ones of their own take megabytes. */
const NO_EJECTIONS = new Map<string, Ejection>();
const NOTHING_FAILS = new Set<string>();

/** An endpoint that takes requests. */
export interface JudgedEndpoint {
  readonly id: string;
  readonly slot: number;
}

interface Candidate<E> {
  readonly endpoint: E;
  readonly reason: EjectionReason;
}

export interface HealthListener<E extends JudgedEndpoint> {
  ejected(endpoint: E, ejection: Ejection): void;
  /** It takes requests again. */
  returned(endpoint: E): void;
}

/** What the clusters of a program share. */
export interface HealthContext {
  readonly board: EndpointBoard;
  readonly windows: FailureWindows;
  readonly limits: () => OutlierLimits;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/**
 * Judges the endpoints of one cluster by what all workers count. At most a part of them is ejected, but one may always be, and
 * never the last.
 */
export class ClusterHealth<E extends JudgedEndpoint> {
  readonly #context: HealthContext;
  readonly #listener: HealthListener<E>;
  #endpoints: readonly E[] = [];
  /** By endpoint: of those that are ejected, and for a while of those that were. */
  #ejections = NO_EJECTIONS;
  /** Of those that have left: one that Kubernetes calls ready again is as ill as it was. */
  #ejectionsOfAbsent = NO_EJECTIONS;
  /** Endpoints whose active check fails. */
  #failing = NOTHING_FAILS;
  #isPanicking = false;

  constructor(context: HealthContext, listener: HealthListener<E>) {
    this.#context = context;
    this.#listener = listener;
  }

  get endpoints(): readonly E[] {
    return this.#endpoints;
  }

  /** No endpoint is ejected, or fails its active check. */
  get isWell(): boolean {
    return this.#failing.size === 0 && this.#countEjected() === 0;
  }

  /** All endpoints are used, because less than half of them are usable. */
  get isPanicking(): boolean {
    return this.#isPanicking;
  }

  /** Undefined for an endpoint that is not ejected. */
  ejectionOf({ id }: Pick<E, 'id'>): Ejection | undefined {
    const ejection = this.#ejections.get(id);
    return ejection?.isInForce === true ? ejection : undefined;
  }

  /** Its active check fails. */
  isFailing({ id }: Pick<E, 'id'>): boolean {
    return this.#failing.has(id);
  }

  /** @param endpoints all that take requests now; one that stays keeps what is known about it, a new one starts clean */
  update(endpoints: readonly E[]): void {
    const before = this.#endpoints;
    this.#endpoints = endpoints;
    const { start, endBefore, endAfter } = changedPart(before, endpoints, (one, other) => one.id === other.id);
    const left = new Map(before.slice(start, endBefore).map(endpoint => [endpoint.id, endpoint]));
    const added = endpoints.slice(start, endAfter).filter(({ id }) => !left.delete(id));
    for (const endpoint of left.values()) this.#leave(endpoint);
    for (const endpoint of added) this.#add(endpoint);
    this.#settle();
  }

  /** A worker says that an endpoint has failed often enough in a row. */
  suspect(endpoint: E): void {
    const reason = this.#reasonFor(endpoint);
    if (reason === undefined || this.ejectionOf(endpoint) !== undefined) return;
    this.#tryEject(endpoint, reason);
    this.#settle();
  }

  /** Once a second. */
  sweep(): void {
    const { board } = this.#context;
    if (this.#ejectionsOfAbsent.size > 0) this.#forgetAbsent();
    const candidates: Candidate<E>[] = [];
    for (const endpoint of this.#endpoints) this.#look(endpoint, candidates);
    if (candidates.length > 1) {
      // There may be more of them than may be ejected.
      candidates.sort((a, b) => board.failuresInARow(b.endpoint.slot) - board.failuresInARow(a.endpoint.slot));
    }
    for (const { endpoint, reason } of candidates) this.#tryEject(endpoint, reason);
    if (this.#ejections.size > 0) this.#settle();
  }

  /** @param passes the result of the endpoint's active check; true also when it is no longer checked */
  checked(endpoint: E, passes: boolean): void {
    if (passes) this.#failing.delete(endpoint.id);
    else this.#failing = this.#failing === NOTHING_FAILS ? new Set([endpoint.id]) : this.#failing.add(endpoint.id);
    this.#judge(endpoint);
    this.#settle();
  }

  #add(endpoint: E): void {
    this.#context.windows.start(endpoint.slot);
    const ejection = this.#ejectionsOfAbsent.get(endpoint.id);
    if (ejection !== undefined) {
      this.#ejectionsOfAbsent.delete(endpoint.id);
      this.#ejections = withEjection(this.#ejections, endpoint.id, ejection);
    }
    this.#judge(endpoint);
  }

  #leave({ id, slot }: E): void {
    const ejection = this.#ejections.get(id);
    if (ejection?.phase === 'out') this.#ejectionsOfAbsent = withEjection(this.#ejectionsOfAbsent, id, ejection);
    this.#ejections.delete(id);
    this.#failing.delete(id);
    // It may still serve the clients that a cookie binds to it.
    this.#context.board.judge(slot, USABLE);
  }

  #look(endpoint: E, candidates: Candidate<E>[]): void {
    const { slot } = endpoint;
    if (slot === NO_SLOT) return;
    const hasFailed = this.#context.windows.take(slot);
    const ejection = this.#ejections.size === 0 ? undefined : this.#ejections.get(endpoint.id);
    if (ejection?.isInForce === true) {
      this.#lookAfter(endpoint, ejection);
      return;
    }
    if (ejection?.isForgiven(this.#context.now()) === true) this.#ejections.delete(endpoint.id);
    const reason = hasFailed ? this.#reasonFor(endpoint) : undefined;
    if (reason !== undefined) candidates.push({ endpoint, reason });
  }

  #forgetAbsent(): void {
    for (const [id, { until }] of this.#ejectionsOfAbsent) {
      if (this.#context.now() >= until) this.#ejectionsOfAbsent.delete(id);
    }
  }

  #reasonFor({ slot }: E): EjectionReason | undefined {
    const { board, windows } = this.#context;
    const { failures: most } = this.#context.limits();
    if (most === 0) return undefined;
    if (board.failuresInARow(slot) >= most) return 'failures_in_a_row';
    const failed = windows.failures(slot);
    const all = failed + windows.successes(slot);
    return all >= LEAST_REQUESTS && failed >= all * FAILED_PART ? 'failure_percentage' : undefined;
  }

  #tryEject(endpoint: E, reason: EjectionReason): void {
    const isLast = this.#countUsable() <= 1;
    if (this.#isPanicking || isLast || this.#failing.has(endpoint.id)) return;
    if (this.#countEjected() < this.#mostEjected()) this.#eject(endpoint, reason);
  }

  #eject(endpoint: E, reason: EjectionReason): void {
    const ejection = this.#ejections.get(endpoint.id) ?? new Ejection();
    this.#ejections = withEjection(this.#ejections, endpoint.id, ejection);
    ejection.begin(reason, this.#context.now(), this.#context.limits().ejectionMs);
    this.#judge(endpoint);
    this.#listener.ejected(endpoint, ejection);
  }

  #lookAfter(endpoint: E, ejection: Ejection): void {
    const { board, limits, now } = this.#context;
    const { slot } = endpoint;
    if (ejection.phase === 'out') {
      if (now() >= ejection.until) this.#offerTrial(endpoint, ejection);
    } else if (board.successes(slot) !== ejection.successesBefore) {
      this.#context.windows.start(endpoint.slot);
      this.#return(endpoint, ejection);
    } else if (board.failures(slot) !== ejection.failuresBefore) {
      this.#eject(endpoint, 'failed_trial');
    } else if (board.verdict(slot) === EJECTED && !this.#failing.has(endpoint.id)) {
      ejection.takenAt ??= now();
      // The request may have ended without an answer: its client left, or its worker died.
      const waitedMs = now() - ejection.takenAt;
      const isLost = waitedMs > 0 && board.inFlight(slot) === 0;
      if (isLost || waitedMs >= limits().ejectionMs) this.#offerTrial(endpoint, ejection);
    }
  }

  #offerTrial(endpoint: E, ejection: Ejection): void {
    const { board } = this.#context;
    ejection.offerTrial(board.successes(endpoint.slot), board.failures(endpoint.slot));
    this.#judge(endpoint);
  }

  #return(endpoint: E, ejection: Ejection): void {
    ejection.end(this.#context.now());
    this.#judge(endpoint);
    this.#listener.returned(endpoint);
  }

  /** Endpoints may have left, settings changed: lets in those that must no longer be ejected, and looks for panic. */
  #settle(): void {
    if (this.#ejections.size > 0) this.#letInExcess();
    const isPanicking = this.#countUsable() < this.#endpoints.length * PANIC_PART;
    if (isPanicking === this.#isPanicking) return;
    this.#isPanicking = isPanicking;
    for (const endpoint of this.#endpoints) this.#judge(endpoint);
  }

  #letInExcess(): void {
    const most = Math.min(this.#mostEjected(), this.#endpoints.length - 1);
    const out = this.#endpoints.flatMap(endpoint => {
      const ejection = this.ejectionOf(endpoint);
      return ejection === undefined ? [] : { endpoint, ejection };
    });
    out.sort((a, b) => a.ejection.until - b.ejection.until);
    for (const { endpoint, ejection } of out.slice(0, Math.max(0, out.length - most))) this.#return(endpoint, ejection);
  }

  #judge({ id, slot }: E): void {
    this.#context.board.judge(slot, this.#verdictOn(id));
  }

  #verdictOn(id: string): Verdict {
    if (this.#isPanicking) return USABLE;
    if (this.#failing.has(id)) return EJECTED;
    const phase = this.#ejections.get(id)?.phase ?? 'over';
    return phase === 'over' ? USABLE : phase === 'trial' ? TRIAL : EJECTED;
  }

  #mostEjected(): number {
    const { failures, maxEjectedPercent } = this.#context.limits();
    if (failures === 0) return 0;
    return Math.max(1, Math.floor((this.#endpoints.length * maxEjectedPercent) / 100));
  }

  #countEjected(): number {
    let count = 0;
    for (const ejection of this.#ejections.values()) {
      if (ejection.isInForce) count += 1;
    }
    return count;
  }

  /** Endpoints that are neither ejected nor failing their active check. */
  #countUsable(): number {
    if (this.#ejections.size === 0 && this.#failing.size === 0) return this.#endpoints.length;
    return this.#endpoints.filter(({ id }) => !this.#failing.has(id) && !(this.#ejections.get(id)?.isInForce ?? false))
      .length;
  }
}

function withEjection(ejections: Map<string, Ejection>, id: string, ejection: Ejection): Map<string, Ejection> {
  return ejections === NO_EJECTIONS ? new Map([[id, ejection]]) : ejections.set(id, ejection);
}
