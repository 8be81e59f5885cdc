import { AssertionError } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import { hasBytesInFlight } from './bytes-in-flight.ts';

/**
 * How long a test waits for what must come. Far beyond what it takes, and beyond what a machine stands still when its host
 * has other work: only a failing test waits so long.
 */
export const DEADLINE_MS = 60_000;
/** For megabytes to go through, on a busy machine. */
const STILL_DEADLINE_MS = 180_000;
/** Between two looks. */
const POLL_MS = 5;

/**
 * Polls until the probe gives something other than undefined or false.
 * @throws AssertionError when that does not happen in time
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    // Looked at before the probe: after a standstill there is one more look.
    const isLast = performance.now() > end;
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (isLast) throw new AssertionError({ message: `not in ${deadlineMs} ms: ${what}` });
    await delay(POLL_MS);
  }
}

/** Something that changes, and those who wait for a change. */
export class Changes {
  #waiting: (() => void)[] = [];

  announce(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Asks the probe now and after every change until it gives something. Errors it throws pass. */
  async until<T>(what: () => string, probe: () => T | undefined, deadlineMs: number = DEADLINE_MS): Promise<T> {
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      this.announce();
    }, deadlineMs);
    try {
      for (;;) {
        const found = probe();
        if (found !== undefined) return found;
        if (expired) throw new AssertionError({ message: `not in ${deadlineMs} ms: ${what()}` });
        await new Promise<void>(resolve => this.#waiting.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** So many looks in a row, {@link POLL_MS} apart: a process that gets no CPU does not look either. */
const STILL_LOOKS = 100;

/**
 * Waits until a number above zero has stopped to change: until what feeds it is held back, and not by a kernel that has lost a
 * segment. @returns the number
 */
export function still(what: string, read: () => number): Promise<number> {
  let before = 0;
  let looks = 0;
  return eventually(
    what,
    () => {
      const now = read();
      looks = now === before ? looks + 1 : 0;
      before = now;
      return now > 0 && looks >= STILL_LOOKS && !hasBytesInFlight() ? now : undefined;
    },
    STILL_DEADLINE_MS,
  );
}
