import type { FailureReason } from '../../../failures/failures.ts';
import type { ConnectionLimits } from '../../pipeline/ports.ts';
import type { Guarded } from '../../runtime/guard.ts';
import { type Timed, TimeLimit } from '../../runtime/timer-wheel.ts';
import type { OutboxWaiting } from '../outbox.ts';

/** A client for which bytes may wait. */
export interface TakingClient extends Guarded {
  /** Whether the kernel has taken some of what waits for it in the last so many milliseconds. */
  readonly streams: { takesSome(withinMs: number): boolean };
  destroy(error: string, reason: FailureReason): void;
}

/**
 * Ends a client that takes nothing for send-timeout, whatever waits for it: where no stream has part of its response waiting, what
 * waits are answers to its frames, or what is left of streams that are over.
 */
export class SendLimit implements OutboxWaiting, Timed {
  readonly #limit = new TimeLimit(this);
  readonly #limits: ConnectionLimits;
  readonly #client: TakingClient;

  constructor(limits: ConnectionLimits, client: TakingClient) {
    this.#limits = limits;
    this.#client = client;
  }

  begins(): void {
    // More may be written while it waits.
    if (this.#limit.deadline === 0) this.#limits.ending(this.#limit);
  }

  ends(): void {
    this.#limits.none(this.#limit);
  }

  /** The connection ends. */
  remove(): void {
    this.#limits.remove(this.#limit);
  }

  timedOut(): void {
    if (this.#client.streams.takesSome(this.#limit.limitMs)) this.begins();
    else this.#client.destroy('', 'client_send_timeout');
  }

  crashed(error: unknown): void {
    this.#client.crashed(error);
  }
}
