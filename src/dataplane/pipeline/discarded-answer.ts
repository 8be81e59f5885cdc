import { type Guarded, guarded } from '../runtime/guard.ts';
import { DISCARDING, type ExchangeState } from './exchange-state.ts';
import type { BodyPiece } from './ports.ts';
import type { UpstreamAttempts } from './upstream-attempts.ts';

/** So much is read, so that the connection of the answer can serve others. */
const MOST_BYTES = 16 * 1024;

/** The answer of an upstream that is not passed on, until the request is sent again. Used again for others of the exchange. */
export class DiscardedAnswer {
  readonly #state: ExchangeState;
  readonly #attempts: UpstreamAttempts;
  readonly #owner: Guarded;
  #size = 0;

  constructor(state: ExchangeState, attempts: UpstreamAttempts, owner: Guarded) {
    this.#state = state;
    this.#attempts = attempts;
    this.#owner = owner;
  }

  /** @param bodyLength -1 when it is not known */
  begin(status: number, bodyLength: number, piece: BodyPiece): void {
    const state = this.#state;
    state.enter(DISCARDING);
    state.record.attemptAnswered(status);
    this.#attempts.answered(status);
    this.#size = 0;
    if (bodyLength > MOST_BYTES) this.leave();
    else this.data(piece);
  }

  data(piece: BodyPiece): void {
    this.#size += piece.size;
    if (this.#size > MOST_BYTES) this.leave();
  }

  /** All of it has come. */
  complete(): void {
    this.#state.upstream = undefined;
    this.#attempts.askAgain();
  }

  /** The rest of it is not worth its connection, or will not come. The codec may still be in the middle of a callback. */
  leave(): void {
    const state = this.#state;
    if (state.upstream === undefined) return;
    state.upstream.destroy();
    state.upstream = undefined;
    state.resetCode = undefined;
    const { generation } = state;
    process.nextTick(
      guarded(this.#owner, () => {
        if (state.generation === generation) this.#attempts.askAgain();
      }),
    );
  }
}
