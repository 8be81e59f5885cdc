import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Cluster, Endpoint } from '../../model/cluster.ts';
import type { CheckResult } from '../endpoint-report.ts';
import type { HealthProbe } from './health-probe.ts';

/** After the first result, which decides by itself: so many in a row against what is known change it. */
const RISE = 2;
const FALL = 3;
/** Checks under way at a time, over all clusters. */
const MOST_AT_A_TIME = 64;
/** A check that takes longer fails. */
const LONGEST_MS = 5_000;
/** Checks that began together do not stay together. */
const JITTER = 0.1;

/** What an endpoint is asked, and in which protocol. */
export type HealthCheck = NonNullable<Cluster['healthCheck']> & Pick<Cluster, 'protocol' | 'tls'>;

interface Subject {
  readonly endpoint: Endpoint;
  readonly check: HealthCheck;
  readonly onChange: (passes: boolean) => void;
  /** Undefined before the first result. */
  passes: boolean | undefined;
  /** Results in a row that say otherwise. */
  against: number;
  last: CheckResult | undefined;
  /** Takes off the timer of the next check. */
  cancel: () => void;
  hasLeft: boolean;
}

export interface ActiveChecksOptions {
  readonly clock: Clock;
  readonly probe: Pick<HealthProbe, 'check'>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Asks the endpoints of clusters with a health check, each at its interval and a few at a time. */
export class ActiveChecks {
  readonly #options: ActiveChecksOptions;
  /** In the order in which they are due. */
  readonly #due = new Set<Subject>();
  #underWay = 0;

  constructor(options: ActiveChecksOptions) {
    this.#options = options;
  }

  /**
   * Checks an endpoint until {@link Checked.stop}. It counts as passing until its first result.
   * @param onChange when it begins to fail, and when it passes again
   */
  start(endpoint: Endpoint, check: HealthCheck, onChange: (passes: boolean) => void): Checked {
    const subject: Subject = {
      endpoint,
      check,
      onChange,
      passes: undefined,
      against: 0,
      last: undefined,
      cancel: () => undefined,
      hasLeft: false,
    };
    this.#wait(subject, this.#options.random() * check.intervalMs);
    return {
      get last() {
        return subject.last;
      },
      stop: () => {
        subject.hasLeft = true;
        subject.cancel();
        this.#due.delete(subject);
      },
    };
  }

  #wait(subject: Subject, delayMs: number): void {
    subject.cancel = this.#options.clock.setTimer(delayMs, () => {
      this.#due.add(subject);
      this.#next();
    });
  }

  #next(): void {
    for (const subject of this.#due) {
      if (this.#underWay >= MOST_AT_A_TIME) return;
      this.#due.delete(subject);
      void this.#check(subject);
    }
  }

  async #check(subject: Subject): Promise<void> {
    const { clock, probe, random } = this.#options;
    const { path, intervalMs } = subject.check;
    this.#underWay += 1;
    const began = clock.monotonic();
    const result = await probe
      .check(subject.endpoint, path, Math.min(intervalMs, LONGEST_MS), subject.check)
      .catch((error: unknown) => ({ passed: false, detail: messageOf(error) }));
    this.#underWay -= 1;
    if (!subject.hasLeft) {
      subject.last = { ...result, at: clock.now() };
      take(subject, result.passed);
      const untilNext = intervalMs * (1 - JITTER + 2 * JITTER * random());
      this.#wait(subject, Math.max(0, untilNext - (clock.monotonic() - began)));
    }
    this.#next();
  }
}

/** An endpoint that is checked. */
export interface Checked {
  /** Undefined before the first. */
  readonly last: CheckResult | undefined;
  /** It has left, or is no longer to be checked. */
  stop(): void;
}

function take(subject: Subject, passed: boolean): void {
  const before = subject.passes ?? true;
  subject.against = passed === before ? 0 : subject.against + 1;
  const isFirst = subject.passes === undefined;
  if (isFirst) subject.passes = before;
  const needed = isFirst ? 1 : before ? FALL : RISE;
  if (subject.against < needed) return;
  subject.against = 0;
  subject.passes = passed;
  subject.onChange(passed);
}
