import type { Change } from './messages.ts';
import { type NewlyInForce, PendingChange } from './pending-change.ts';

/** The number of no change. */
const NEVER = -1;

/** A worker that has not answered for so long is late: nothing waits for it. */
export const LATE_MS = 5_000;

/**
 * What one worker has, and what waits for it. One change at a time is on its way; what comes meanwhile is put together, and
 * goes when the worker has taken that one.
 */
export class Subscription {
  readonly #send: (number: number, change: Change) => void;
  /** The number of the last change that the worker has taken, which has all before it. */
  taken: number = NEVER;
  /** Of the table that it serves. */
  version: number = NEVER;
  /** How long it has owed an answer; milliseconds. */
  silentMs = 0;
  /** The number of the newest change that it has or will have. */
  #newest: number;
  #pending: PendingChange | undefined;
  /** It starts with a whole state, which it acknowledges as it does a change. */
  #owesAnswer = true;

  /** @param newest the number of the state that the worker starts with */
  constructor(newest: number, send: (number: number, change: Change) => void) {
    this.#newest = newest;
    this.#send = send;
  }

  get hasStarted(): boolean {
    return this.taken !== NEVER;
  }

  get isLate(): boolean {
    return this.silentMs >= LATE_MS;
  }

  push(number: number, change: NewlyInForce): void {
    this.#newest = number;
    this.#pending ??= new PendingChange();
    this.#pending.add(change);
    if (!this.#owesAnswer) this.#flush();
  }

  acknowledge(number: number, version: number): void {
    const isFirst = !this.hasStarted;
    this.taken = number;
    this.version = version;
    this.silentMs = 0;
    this.#owesAnswer = false;
    // A worker that starts listens when it has had one: with what came about while it was starting.
    if (isFirst || this.#pending !== undefined) this.#flush();
  }

  /** Time has passed: counts how long the worker is silent, or asks whether it still answers. */
  pass(milliseconds: number): void {
    if (this.#owesAnswer) this.silentMs += milliseconds;
    else this.#flush();
  }

  #flush(): void {
    const change = this.#pending?.toMessage() ?? {};
    this.#pending = undefined;
    this.#owesAnswer = true;
    this.#send(this.#newest, change);
  }
}
