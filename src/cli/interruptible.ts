import { setTimeout as delay } from 'node:timers/promises';
import type { Io } from './io.ts';

/** Never passes: the signal ends the process before. */
const SIGNAL_MS = 10_000;

/**
 * Work that holds what must not be left behind, such as another process. Ctrl-C and its kind abort the signal it is given,
 * and end this process, as they would have at once, when the work has let go.
 */
export async function interruptible<T>(io: Io, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  let endedBy: NodeJS.Signals | undefined;
  const forget = io.onStop(signal => {
    endedBy = signal;
    interruption.abort();
  });
  try {
    return await work(interruption.signal);
  } finally {
    forget();
    if (endedBy !== undefined) {
      process.kill(process.pid, endedBy);
      // The signal comes with a later turn of the event loop. Until then the failure is not reported: it is not one.
      await delay(SIGNAL_MS);
    }
  }
}
