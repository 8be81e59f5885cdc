import { LATE_MS } from './subscription.ts';

/** A worker that has not answered for so long is ended and replaced. */
const LOST_MS = 20_000;
/** One that starts has a system to load first, perhaps with a hundredth of a CPU. */
const START_MS = 120_000;
/** What ended must be gone after so long: a thread ends at once unless it hangs outside of JavaScript. */
const END_MS = 5_000;

/** What is to be done about a worker now. */
export type Verdict =
  | 'none'
  /** It owes an answer for long enough that people should know. */
  | 'late'
  /** It has answered after all. */
  | 'back'
  /** It is to be ended. */
  | 'lost'
  /** Ending it did not help. */
  | 'stuck';

/** Judges one thread by how long it has owed an answer. Each verdict comes once. */
export class Watchdog {
  #state: 'well' | 'late' | 'lost' | 'stuck' = 'well';
  #endingMs = 0;

  /** Whether the worker answers in time; never, when nothing but the end of the process ends its thread. */
  get answers(): 'in time' | 'late' | 'never' {
    return this.#state === 'well' ? 'in time' : this.#state === 'stuck' ? 'never' : 'late';
  }

  /** @param passedMs since the last look @param silentMs for how long the worker has owed an answer */
  look(passedMs: number, silentMs: number, hasStarted: boolean): Verdict {
    switch (this.#state) {
      case 'well':
        if (silentMs >= (hasStarted ? LATE_MS : LOST_MS)) return this.#become('late');
        return 'none';
      case 'late':
        if (silentMs >= (hasStarted ? LOST_MS : START_MS)) return this.#become('lost');
        if (silentMs >= LATE_MS) return 'none';
        this.#state = 'well';
        return 'back';
      case 'lost':
        this.#endingMs += passedMs;
        return this.#endingMs >= END_MS ? this.#become('stuck') : 'none';
      case 'stuck':
        return 'none';
    }
  }

  #become<State extends 'late' | 'lost' | 'stuck'>(state: State): State {
    this.#state = state;
    return state;
  }
}
