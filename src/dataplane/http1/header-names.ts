/** The header names that mean something to a proxy, found by one table look-up and one comparison. */

import { OTHER } from '../pipeline/header-ids.ts';
import { isWord } from './bytes.ts';

/** By their numbers: see header-ids.ts. */
const NAMES: readonly string[] = [
  '',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'upgrade',
  'expect',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'referer',
  'user-agent',
  'authorization',
  'date',
  'location',
  'refresh',
  'set-cookie',
  'trailer',
  'x-real-ip',
  'x-forwarded-prefix',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
  'www-authenticate',
];

const NAME_BYTES: readonly Uint8Array[] = NAMES.map(name => Buffer.from(name, 'latin1'));
const TABLE_SIZE = 256;
const [FACTOR, TABLE] = collisionFreeTable();

/** The number of a name, in whatever case; {@link OTHER} for any that is not listed. */
export function identify(bytes: Uint8Array, start: number, length: number): number {
  const first = (bytes[start] as number) | 0x20;
  const last = (bytes[start + length - 1] as number) | 0x20;
  const id = TABLE[(length * FACTOR + first * 3 + last) & (TABLE_SIZE - 1)] as number;
  if (id === OTHER) return OTHER;
  return isWord(bytes, start, start + length, NAME_BYTES[id] as Uint8Array) ? id : OTHER;
}

function collisionFreeTable(): [factor: number, table: Uint8Array] {
  for (let factor = 1; factor < 4096; factor += 1) {
    const table = new Uint8Array(TABLE_SIZE);
    const isFree = NAME_BYTES.every((name, id) => {
      if (id === OTHER) return true;
      const slot =
        (name.length * factor + (name[0] as number) * 3 + (name[name.length - 1] as number)) & (TABLE_SIZE - 1);
      if (table[slot] !== 0) return false;
      table[slot] = id;
      return true;
    });
    if (isFree) return [factor, table];
  }
  throw new RangeError('no factor keeps the header names apart: use a larger table');
}
