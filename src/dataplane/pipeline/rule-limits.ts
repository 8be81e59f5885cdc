import type { GatewayRoute } from '../../model/route.ts';
import { TimeLimit } from '../runtime/timer-wheel.ts';
import type { Deadlines } from './deadlines.ts';

/** Whose exchange it is. */
export interface RuleLimitsOwner {
  /** The request, with all tries, has taken longer than its rule lets it. */
  requestTimedOut(): void;
  /** A try has. */
  tryTimedOut(): void;
  crashed(error: unknown): void;
}

/** The time limits that a rule of a Gateway sets for a whole exchange and for each of its tries. Used again for other exchanges. */
export class RuleLimits {
  readonly #deadlines: Deadlines;
  readonly #request: TimeLimit;
  readonly #try: TimeLimit;
  #tryMs: number | undefined;

  constructor(deadlines: Deadlines, owner: RuleLimitsOwner) {
    const crashed = (error: unknown): void => owner.crashed(error);
    this.#deadlines = deadlines;
    this.#request = new TimeLimit({ timedOut: () => owner.requestTimedOut(), crashed });
    this.#try = new TimeLimit({ timedOut: () => owner.tryTimedOut(), crashed });
  }

  begin({ requestTimeoutMs, backendTimeoutMs }: GatewayRoute): void {
    this.#tryMs = backendTimeoutMs;
    if (requestTimeoutMs !== undefined) this.#deadlines.whole(this.#request, requestTimeoutMs);
  }

  /** An endpoint has been picked. */
  tryBegins(): void {
    if (this.#tryMs !== undefined) this.#deadlines.whole(this.#try, this.#tryMs);
  }

  tryEnds(): void {
    this.#deadlines.none(this.#try);
  }

  end(): void {
    this.tryEnds();
    this.#deadlines.none(this.#request);
  }
}
