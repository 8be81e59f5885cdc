/** The header names that mean something to a proxy, found by one table look-up and one comparison. */

import { isWord, UNDERSCORE } from '../../formats/http/bytes.ts';
import { nameTable } from '../../formats/http/name-table.ts';
import { CLIENT_CERT_PREFIX, HEADER_NAMES, OTHER, X_CLIENT_CERT } from '../pipeline/header-ids.ts';

const HYPHEN = 0x2d;
/** From a capital to its letter. */
const CASE = 0x20;

const CLIENT_CERT: Uint8Array = Buffer.from(CLIENT_CERT_PREFIX);

const NAME_BYTES: readonly Uint8Array[] = HEADER_NAMES.map(name => Buffer.from(name, 'latin1'));
const { factor: FACTOR, slots: SLOTS } = nameTable(NAME_BYTES);

/** The number of a name, in whatever case; {@link OTHER} for any that is not listed. */
export function identify(bytes: Uint8Array, start: number, length: number): number {
  const first = (bytes[start] as number) | 0x20;
  const last = (bytes[start + length - 1] as number) | 0x20;
  const id = SLOTS[(length * FACTOR + first * 3 + last) & 0xff] as number;
  if (id !== OTHER && isWord(bytes, start, start + length, NAME_BYTES[id] as Uint8Array)) return id;
  return length > CLIENT_CERT.length && isClientCert(bytes, start) ? X_CLIENT_CERT : OTHER;
}

/** As isClientCertName(), for bytes in whatever case. */
function isClientCert(bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < CLIENT_CERT.length; index += 1) {
    const byte = bytes[start + index] as number;
    const expected = CLIENT_CERT[index] as number;
    const isSame = byte === expected || (expected === HYPHEN ? byte === UNDERSCORE : byte + CASE === expected);
    if (!isSame) return false;
  }
  return true;
}
