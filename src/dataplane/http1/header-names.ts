/** The header names that mean something to a proxy, found by one table look-up and one comparison. */

import { isWord } from './bytes.ts';

export const OTHER = 0;
export const HOST = 1;
export const CONNECTION = 2;
export const CONTENT_LENGTH = 3;
export const TRANSFER_ENCODING = 4;
export const KEEP_ALIVE = 5;
export const TE = 6;
export const UPGRADE = 7;
export const EXPECT = 8;
export const X_FORWARDED_FOR = 9;
export const X_FORWARDED_PROTO = 10;
export const X_FORWARDED_HOST = 11;
export const X_REQUEST_ID = 12;
export const REFERER = 13;
export const USER_AGENT = 14;
export const AUTHORIZATION = 15;
export const DATE = 16;
export const LOCATION = 17;
export const REFRESH = 18;
export const SET_COOKIE = 19;
export const TRAILER = 20;
/** Replaced by this proxy, whatever the client says. */
export const X_REAL_IP = 21;
export const X_FORWARDED_PREFIX = 22;
/** Hop-by-hop without a meaning here. */
export const PROXY_CONNECTION = 23;
export const PROXY_AUTHORIZATION = 24;
export const PROXY_AUTHENTICATE = 25;
export const PROXY_AUTHENTICATION_INFO = 26;
export const WWW_AUTHENTICATE = 27;

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
