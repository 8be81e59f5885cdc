import { randomFillSync } from 'node:crypto';

const ACCEPTABLE = /^[A-Za-z0-9._-]{1,128}$/;

/** Ids that one system call and one conversion to text make. */
const POOL_IDS = 256;
const ID_DIGITS = 32;
const pool = Buffer.allocUnsafe((POOL_IDS * ID_DIGITS) / 2);
let digits = '';
let used = 0;

/** The client's id where it is harmless in a log and in a header, else 32 new hex digits. */
export function requestIdOf(incoming: string): string {
  if (incoming !== '' && ACCEPTABLE.test(incoming)) return incoming;
  if (used === digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  used += ID_DIGITS;
  return digits.substring(used - ID_DIGITS, used);
}
