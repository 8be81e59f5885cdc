/** Endpoints that are sent away because requests to them fail. */

/** The settings that decide about it. */
export interface OutlierLimits {
  /** In a row, of all workers; 0: no endpoint is ejected. */
  readonly failures: number;
  /** The time of a first ejection. */
  readonly ejectionMs: number;
  /** The part of a cluster's endpoints that may be ejected at a time. */
  readonly maxEjectedPercent: number;
}

export const EJECTION_REASONS = ['failures_in_a_row', 'failure_percentage', 'failed_trial'] as const;
export type EjectionReason = (typeof EJECTION_REASONS)[number];

/** No ejection lasts longer, unless the setting for the first one does. */
const LONGEST_MS = 300_000;
/** So long in use without an ejection takes one from the times in a row. */
const FORGIVEN_MS = 10_000;

/**
 * `out`: it gets no request until its time is over. `trial`: one request may try it. `over`: it is in use, and how often it was
 * ejected in a row is remembered for a while.
 */
export type EjectionPhase = 'out' | 'trial' | 'over';

/** Times are of the monotonic clock, in milliseconds. */
export class Ejection {
  phase: EjectionPhase = 'out';
  reason: EjectionReason = 'failures_in_a_row';
  /** In a row. */
  times = 0;
  since = 0;
  until = 0;
  /** The totals when the trial was offered: what comes after tells how it went. */
  successesBefore = 0;
  failuresBefore = 0;
  /** When the trial was first seen to be taken. */
  takenAt: number | undefined;

  get isInForce(): boolean {
    return this.phase !== 'over';
  }

  begin(reason: EjectionReason, now: number, ejectionMs: number): void {
    this.times = this.#timesLeft(now) + 1;
    this.phase = 'out';
    this.reason = reason;
    this.since = now;
    this.until = now + Math.min(ejectionMs * this.times, Math.max(LONGEST_MS, ejectionMs));
  }

  offerTrial(successes: number, failures: number): void {
    this.phase = 'trial';
    this.successesBefore = successes;
    this.failuresBefore = failures;
    this.takenAt = undefined;
  }

  end(now: number): void {
    this.phase = 'over';
    this.since = now;
  }

  /** Forgetting this loses nothing. */
  isForgiven(now: number): boolean {
    return this.phase === 'over' && this.#timesLeft(now) === 0;
  }

  #timesLeft(now: number): number {
    if (this.phase !== 'over') return this.times;
    return Math.max(0, this.times - Math.floor((now - this.since) / FORGIVEN_MS));
  }
}
