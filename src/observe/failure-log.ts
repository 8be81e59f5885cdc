import type { FailureExample, FailureNotice } from '../failures/failure-example.ts';
import { FailureThrottle } from '../failures/failure-throttle.ts';
import { FAILURE_REASONS, FAILURES, type FailureReason } from '../failures/failures.ts';
import type { CounterBoard } from './counter-board.ts';
import type { Logger } from './logger.ts';

/** One reason, for people: how often since the start, and what it was about. */
export interface FailureReport {
  readonly reason: FailureReason;
  readonly count: number;
  /** The last ones, each of another Service, path or detail; the newest first. */
  readonly examples: readonly FailureExample[];
}

/** Examples kept of each reason. */
const MAX_EXAMPLES = 5;

/** What the main thread makes of the failures that workers report: lines in the program log, and the last examples. */
export class FailureLog {
  readonly #board: CounterBoard;
  readonly #logger: Logger;
  readonly #throttle: FailureThrottle;
  readonly #examples = new Map<FailureReason, readonly FailureExample[]>();

  constructor(board: CounterBoard, logger: Logger) {
    this.#board = board;
    this.#logger = logger;
    this.#throttle = new FailureThrottle(notice => this.#write(notice));
  }

  take({ example, others }: FailureNotice): void {
    const rest = (this.#examples.get(example.reason) ?? []).filter(known => !isAlike(known, example));
    this.#examples.set(example.reason, [example, ...rest].slice(0, MAX_EXAMPLES));
    this.#throttle.add(example.reason, example.service, 1 + others, () => example);
  }

  /** Reasons that have come up, in the order of the table. */
  report(): readonly FailureReport[] {
    return FAILURE_REASONS.flatMap(reason => {
      const count = this.#board.failures(reason);
      return count === 0 ? [] : [{ reason, count, examples: this.#examples.get(reason) ?? [] }];
    });
  }

  /** The program ends: what has waited for its second is written. */
  end(): void {
    this.#throttle.end();
  }

  #write({ example, others }: FailureNotice): void {
    const { reason, at: _, detail, ...where } = example;
    const told = Object.fromEntries(Object.entries(where).filter(([, value]) => value !== ''));
    if (reason === 'internal') {
      this.#logger.error({ reason, ...told, others, stack: detail }, `request failed: ${FAILURES[reason].meaning}`);
    } else {
      const entry = { reason, ...told, ...(detail !== '' && { detail }), others };
      this.#logger.info(entry, `request failed: ${FAILURES[reason].meaning}`);
    }
  }
}

function isAlike(one: FailureExample, other: FailureExample): boolean {
  return one.service === other.service && one.path === other.path && one.detail === other.detail;
}
