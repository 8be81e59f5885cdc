import { randomBytes } from 'node:crypto';
import { machineTime } from '../clock.ts';
import { InFlightRow, InFlightTable } from './in-flight-table.ts';
import { KeyedHash } from './keyed-hash.ts';
import { RateTable } from './rate-table.ts';
import { Spending } from './spending.ts';

/** What a worker has of the limits that all workers keep together. Plain data and shared memory. */
export interface SharedLimits {
  readonly rates: SharedArrayBuffer;
  readonly inFlight: SharedArrayBuffer;
  /** Of the requests in flight: this worker's. */
  readonly row: number;
  readonly hashKey: HashKey;
  /** Other replicas are told what was granted. */
  readonly areReported: boolean;
}

/**
 * Of the hashes by which clients are found in shared memory. A new one for each process: clients cannot choose their places.
 */
type HashKey = readonly [number, number];

/** What the filters of a worker keep limits with. */
export interface Limits {
  readonly rates: RateTable;
  readonly inFlight: InFlightRow;
  readonly hash: KeyedHash;
  /** Undefined where no other replica shares them. */
  readonly spending: Spending | undefined;
  /** Milliseconds, of a clock that all workers share. */
  now(): number;
}

/** The main thread's: it outlives workers, and so do budgets. */
export class LimitBoard {
  readonly rates = new RateTable();
  readonly #inFlight: InFlightTable;
  readonly #hashKey: HashKey;
  readonly #areReported: boolean;

  /** @param areReported other replicas are told what was granted */
  constructor(workers: number, areReported = false) {
    this.#areReported = areReported;
    this.#inFlight = new InFlightTable(workers);
    const random = randomBytes(8);
    this.#hashKey = [random.readInt32LE(0), random.readInt32LE(4)];
  }

  /** @param row of a worker, from zero on */
  share(row: number): SharedLimits {
    return {
      rates: this.rates.buffer,
      inFlight: this.#inFlight.buffer,
      row,
      hashKey: this.#hashKey,
      areReported: this.#areReported,
    };
  }

  /** For a worker that has died. */
  clearRow(row: number): void {
    this.#inFlight.clearRow(row);
  }
}

/** For a worker. @param now is another clock in tests */
export function openLimits({ rates, inFlight, row, hashKey, areReported }: SharedLimits, now = machineTime): Limits {
  return {
    rates: new RateTable(rates),
    inFlight: new InFlightRow(inFlight, row),
    hash: new KeyedHash(...hashKey),
    spending: areReported ? new Spending() : undefined,
    now,
  };
}
