// Imported, because the global one is a getter, which costs more.
import { performance } from 'node:perf_hooks';

/** Time, so that tests can turn it by hand: what waits or measures takes it from here. */
export interface Clock {
  /** Milliseconds since 1970, for stamps that people and other programs read. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back, so differences can be trusted. */
  monotonic(): number;
  /** Calls back once. @returns what cancels it */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Calls back again and again, and keeps no process alive. @returns what ends it */
  repeat(everyMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  repeat(everyMs, callback) {
    const timer = setInterval(callback, everyMs).unref();
    return () => clearInterval(timer);
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

/** Milliseconds of a clock that all threads of the process share; never goes back. */
export function machineTime(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
