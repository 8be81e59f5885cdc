import type { Clock } from '../clock.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { RateTable } from '../limits/rate-table.ts';
import type { Spent } from '../limits/spending.ts';
import type { RateLeaseFigures } from '../observe/limit-metrics.ts';
import type { Logger } from '../observe/logger.ts';

/** How long a replica grants from what it last knew of a budget. */
const LEASE_MS = 100;
/** How long nothing is asked of a store that has failed. */
const PAUSE_MS = 1_000;
/** Budgets that may wait for the store. */
const MOST = 20_000;

/** Where all replicas add up what they grant. It has time limits of its own. */
export interface RateStore {
  /** Adds what was granted here. @returns for each, how many milliseconds all replicas together are now ahead of the rate */
  charge(spent: readonly Spent[]): Promise<readonly number[]>;
  close(): void;
}

export interface RateLeasesOptions {
  readonly store: RateStore;
  readonly rates: Pick<RateTable, 'advance'>;
  /** Asks each worker what it has granted; it answers once, by {@link RateLeases.take}. */
  readonly ask: () => void;
  readonly clock: Clock;
  /** The clock of the table of rates. */
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Lets replicas share the budgets of rate limits. Workers grant from shared memory; each 100 ms they say what they have granted,
 * that is charged to the store, and what the store then has is put into shared memory. No request waits for the store. Within one
 * lease replicas do not see each other's requests, so each further one may grant the rest of a budget once more; the store
 * keeps account of it, so that the rate holds in the long run.
 *
 * While the store fails, each replica keeps its limits alone.
 */
export class RateLeases {
  readonly #options: RateLeasesOptions;
  readonly #stop: () => void;
  /** By name. */
  #pending = new Map<string, Spent>();
  #isCharging = false;
  /** Undefined before the first answer. */
  #isUp: boolean | undefined;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #unshared = 0;

  constructor(options: RateLeasesOptions) {
    this.#options = options;
    this.#stop = options.clock.repeat(LEASE_MS, () => this.#renew());
    void this.#charge();
  }

  get figures(): RateLeaseFigures {
    return { isUp: this.#isUp === true, unshared: this.#unshared };
  }

  /** What a worker has granted since it was asked last. */
  take(spent: readonly Spent[]): void {
    for (const one of spent) {
      const before = this.#pending.get(one.name);
      if (this.#isPaused || (before === undefined && this.#pending.size >= MOST)) this.#unshared += one.count;
      else this.#pending.set(one.name, { ...one, count: one.count + (before?.count ?? 0) });
    }
    if (this.#pending.size > 0) void this.#charge();
  }

  close(): void {
    this.#stop();
    this.#options.store.close();
  }

  get #isPaused(): boolean {
    return this.#options.clock.monotonic() < this.#pausedUntil;
  }

  #renew(): void {
    this.#options.ask();
    // Without traffic, too, it is known whether the store answers again.
    if (this.#isUp === false) void this.#charge();
  }

  /** One after the other: what is granted meanwhile goes with the next one. */
  async #charge(): Promise<void> {
    if (this.#isCharging || this.#isPaused) return;
    this.#isCharging = true;
    const spent = [...this.#pending.values()];
    this.#pending = new Map();
    try {
      const ahead = await this.#options.store.charge(spent);
      const now = this.#options.now();
      for (const [index, key] of spent.entries()) this.#options.rates.advance(key, now, ahead[index] ?? 0);
      this.#answered();
    } catch (error) {
      this.#failed(error, spent);
    }
    this.#isCharging = false;
    if (this.#pending.size > 0) void this.#charge();
  }

  #answered(): void {
    if (this.#isUp === false) this.#options.logger.info('rate-limit-redis answers again: replicas share their limits');
    this.#isUp = true;
  }

  #failed(error: unknown, spent: readonly Spent[]): void {
    this.#pausedUntil = this.#options.clock.monotonic() + PAUSE_MS;
    for (const { count } of [...spent, ...this.#pending.values()]) this.#unshared += count;
    this.#pending.clear();
    if (this.#isUp === false) return;
    this.#isUp = false;
    this.#options.logger.warn(
      { reason: messageOf(error), code: codeOf(error) },
      'rate-limit-redis does not answer: until it does, each replica keeps rate limits alone',
    );
  }
}
