import { randomBytes } from 'node:crypto';
import { machineTime } from '../clock.ts';
import { KeyedHash } from './keyed-hash.ts';
import { RateTable } from './rate-table.ts';

/** What a worker has of the limits that all workers keep together. Plain data and shared memory. */
export interface SharedLimits {
  readonly rates: SharedArrayBuffer;
  /** Of the hashes by which clients are found in shared memory. A new one for each process: clients cannot choose their places. */
  readonly hashKey: readonly [number, number];
}

/** What the filters of a worker keep limits with. */
export interface Limits {
  readonly rates: RateTable;
  readonly hash: KeyedHash;
  /** Milliseconds, of a clock that all workers share. */
  now(): number;
}

/** For the main thread: it outlives its workers, and so do budgets. */
export function shareLimits(): SharedLimits {
  const random = randomBytes(8);
  return { rates: new RateTable().buffer, hashKey: [random.readInt32LE(0), random.readInt32LE(4)] };
}

/** For a worker. @param now is another clock in tests */
export function openLimits({ rates, hashKey: [key0, key1] }: SharedLimits, now = machineTime): Limits {
  return { rates: new RateTable(rates), hash: new KeyedHash(key0, key1), now };
}
