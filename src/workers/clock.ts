/** Time as the workers are watched by it, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number;
  /** Calls back again and again. @returns what ends it */
  repeat(everyMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  repeat(everyMs, callback) {
    const timer = setInterval(callback, everyMs);
    return () => clearInterval(timer);
  },
};
