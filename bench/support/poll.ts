import { setTimeout as sleep } from 'node:timers/promises';
import { NotSupportedError, reasonOf } from './bench-error.ts';

const STEP_MS = 50;

/** Tries until it works. @throws what the last try said when that does not happen in time, NotSupportedError at once */
export async function eventually<T>(attempt: () => Promise<T> | T, deadlineMs: number): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof NotSupportedError) throw error;
      if (performance.now() > end)
        throw new Error(`after ${deadlineMs / 1000} s: ${reasonOf(error)}`, { cause: error });
    }
    await sleep(STEP_MS);
  }
}
