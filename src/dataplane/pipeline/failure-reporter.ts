import { stackOf } from '../../errors.ts';
import { boundedExample, type FailureExample, type FailureNotice } from '../../failures/failure-example.ts';
import { FailureThrottle } from '../../failures/failure-throttle.ts';
import type { FailureReason } from '../../failures/failures.ts';
import type { WorkerCounters } from '../../observe/counters.ts';

/** Counts the failures of one worker, and reports examples of them to the main thread, a few of each reason. */
export class FailureReporter {
  readonly #counters: WorkerCounters;
  readonly #throttle: FailureThrottle;

  constructor(counters: WorkerCounters, tell: (notice: FailureNotice) => void) {
    this.#counters = counters;
    this.#throttle = new FailureThrottle(tell);
  }

  /** A request has failed. @param service `namespace/name`; empty without a route @param example called only when it is needed */
  report(reason: FailureReason, service: string, example: () => FailureExample): void {
    this.#counters.countFailure(reason);
    this.#throttle.add(reason, service, 1, () => boundedExample(example()));
  }

  /** A bug outside any request, or of a request that has been logged already. */
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

  /** Reports what is left: the worker ends. */
  end(): void {
    this.#throttle.end();
  }
}
