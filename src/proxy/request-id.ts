import { randomFillSync } from 'node:crypto';

const ACCEPTABLE = /^[A-Za-z0-9._-]{1,128}$/;

/** One system call gives the randomness of many requests. */
const POOL_BYTES = 4096;
const ID_BYTES = 16;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let used = POOL_BYTES;

/** The client's id when it cannot do harm in a log or a header, else 32 fresh hex digits. */
export function requestIdOf(incoming: string): string {
  if (incoming !== '' && ACCEPTABLE.test(incoming)) return incoming;
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('hex', used - ID_BYTES, used);
}
