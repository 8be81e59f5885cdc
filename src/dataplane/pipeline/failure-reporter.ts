import { stackOf } from '../../errors.ts';
import type { WorkerCounters } from '../../observe/counters.ts';
import { boundedExample, type FailureExample, type FailureNotice } from '../failures/failure-example.ts';
import { FailureThrottle } from '../failures/failure-throttle.ts';
import type { FailureReason } from '../failures/failures.ts';

/** Counts the failures of one worker, and tells the main thread of a few of them. */
export class FailureReporter {
  readonly #counters: WorkerCounters;
  readonly #throttle: FailureThrottle;

  constructor(counters: WorkerCounters, tell: (notice: FailureNotice) => void) {
    this.#counters = counters;
    this.#throttle = new FailureThrottle(tell);
  }

  /** @param service `namespace/name`; empty without a route @param example made only when it is needed */
  report(reason: FailureReason, service: string, example: () => FailureExample): void {
    this.#counters.countFailure(reason);
    this.#throttle.add(reason, service, 1, () => boundedExample(example()));
  }

  /** A bug that is no request's, or one whose line in the access log has been written. */
  reportBug(error: unknown): void {
    this.report('internal', '', () => ({
      reason: 'internal',
      at: Date.now(),
      service: '',
      status: 0,
      requestId: '',
      path: '',
      upstream: '',
      detail: stackOf(error),
    }));
  }

  /** The worker ends: what is left is told. */
  end(): void {
    this.#throttle.end();
  }
}
