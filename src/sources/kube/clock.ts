/** Time as this folder needs it, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970, for stamps that people and other programs read. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back, so differences can be trusted. */
  monotonic(): number;
  /** Calls back once. @returns what cancels it */
  setTimer(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after the delay, or as soon as the signal aborts: the caller looks at the signal. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => {
    cancel();
    signal.removeEventListener('abort', wake);
    resolve();
  };
  const cancel = clock.setTimer(delayMs, wake);
  signal.addEventListener('abort', wake);
  return promise;
}
