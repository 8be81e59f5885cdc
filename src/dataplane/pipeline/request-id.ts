import { randomFillSync } from 'node:crypto';

const ACCEPTABLE = /^[A-Za-z0-9._-]{1,128}$/;

/** One system call, and one conversion to text, serve many requests. */
const POOL_IDS = 256;
const ID_DIGITS = 32;
const pool = Buffer.allocUnsafe((POOL_IDS * ID_DIGITS) / 2);
let digits = '';
let used = 0;

/** The client's id when it cannot do harm in a log or a header, else 32 fresh hex digits. */
export function requestIdOf(incoming: string): string {
  if (incoming !== '' && ACCEPTABLE.test(incoming)) return incoming;
  if (used === digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  used += ID_DIGITS;
  return digits.substring(used - ID_DIGITS, used);
}
