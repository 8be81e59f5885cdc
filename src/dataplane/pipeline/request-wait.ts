import type { Balancing } from '../clusters/balancing.ts';
import type { RequestQueue, Waiting } from '../clusters/request-queue.ts';
import { guarded } from '../runtime/guard.ts';
import { CONNECTING, type ExchangeState } from './exchange-state.ts';
import type { PipelineContext } from './pipeline-context.ts';

/** The exchange that waits. */
interface WaitOwner {
  crashed(error: unknown): void;
}

/**
 * What one exchange waits for before its next attempt: a turn in a queue of its cluster, or the end of a pause. It waits for one thing
 * at a time. Used again for other exchanges.
 */
export class RequestWait {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #owner: WaitOwner;
  /** Undefined while nothing is waited for. */
  #stop: (() => void) | undefined;

  constructor(context: PipelineContext, state: ExchangeState, owner: WaitOwner) {
    this.#context = context;
    this.#state = state;
    this.#owner = owner;
  }

  /** @returns false where as many requests wait as may */
  inQueue(queue: RequestQueue, waiting: Waiting): boolean {
    if (!queue.join(waiting)) return false;
    this.#stop = () => queue.leave(waiting);
    this.#state.enter(CONNECTING);
    return true;
  }

  /**
   * Retries at once, or as soon as the cluster has fewer retries in flight.
   * @param refused called where the request cannot wait, or has waited as long as it may
   */
  forRetry(balancing: Balancing, retry: () => void, refused: () => void): void {
    if (balancing.mayRetry) {
      retry();
      return;
    }
    const isWaiting = this.inQueue(balancing.retries, {
      begins: () => {
        if (!balancing.mayRetry) return false;
        this.end();
        retry();
        return true;
      },
      waitedTooLong: refused,
      crashed: bug => this.#owner.crashed(bug),
    });
    if (!isWaiting) refused();
  }

  forPause(pauseMs: number, wake: () => void): void {
    this.#state.enter(CONNECTING);
    const over = (): void => {
      this.#stop = undefined;
      wake();
    };
    this.#stop = this.#context.engine.clock.setTimer(pauseMs, guarded(this.#owner, over));
  }

  /** Waits for nothing from now on. */
  end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
