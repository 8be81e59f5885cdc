import type { FailureExample, FailureNotice } from './failure-example.ts';
import type { FailureReason } from './failures.ts';

/** Between two notices of one reason and Service. */
const INTERVAL_MS = 1_000;

/** Pairs of a reason and a Service that have notices of their own; the ones beyond share one for each reason. */
const MAX_PAIRS = 100;

interface Window {
  readonly toldAt: number;
  /** Of the failures since; undefined before the first. */
  example: FailureExample | undefined;
  count: number;
}

/**
 * Makes few notices of many failures: the first of a reason and Service is told at once, then at most one a second, with an
 * example and the number of the others. Used twice: each worker keeps its messages few, the main thread its lines.
 */
export class FailureThrottle {
  readonly #tell: (notice: FailureNotice) => void;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();
  #timer: NodeJS.Timeout | undefined;

  /** @param now monotonic milliseconds */
  constructor(tell: (notice: FailureNotice) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** @param example asked for once a second, so that it may be dear to make */
  add(reason: FailureReason, service: string, count: number, example: () => FailureExample): void {
    const own = `${reason} ${service}`;
    const key = this.#windows.size < MAX_PAIRS || this.#windows.has(own) ? own : reason;
    const window = this.#windows.get(key);
    if (window !== undefined) {
      window.example ??= example();
      window.count += count;
      return;
    }
    this.#begin(key, example(), count);
    this.#timer ??= setInterval(() => this.advance(), INTERVAL_MS).unref();
  }

  /** Tells what has waited for a second. */
  advance(): void {
    const now = this.#now();
    for (const [key, { toldAt, example, count }] of this.#windows) {
      if (now - toldAt < INTERVAL_MS) continue;
      this.#windows.delete(key);
      if (example !== undefined) this.#begin(key, example, count);
    }
    if (this.#windows.size === 0) this.#stop();
  }

  /** Tells what is left, and no more after that. */
  end(): void {
    for (const { example, count } of this.#windows.values()) {
      if (example !== undefined) this.#tell({ example, others: count - 1 });
    }
    this.#windows.clear();
    this.#stop();
  }

  #begin(key: string, example: FailureExample, count: number): void {
    this.#windows.set(key, { toldAt: this.#now(), example: undefined, count: 0 });
    this.#tell({ example, others: count - 1 });
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
