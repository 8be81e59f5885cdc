/** The header names that mean something to a proxy, found by one table look-up and one comparison. */

import { isWord } from '../../formats/http/bytes.ts';
import { nameTable } from '../../formats/http/name-table.ts';
import { CLIENT_CERT_PREFIX, HEADER_NAMES, isClientCertName, OTHER, X_CLIENT_CERT } from '../pipeline/header-ids.ts';

const LOWER_C = 0x63;

const NAME_BYTES: readonly Uint8Array[] = HEADER_NAMES.map(name => Buffer.from(name, 'latin1'));
const { factor: FACTOR, slots: SLOTS } = nameTable(NAME_BYTES);

/** The number of a name, in whatever case; {@link OTHER} for any that is not listed. */
export function identify(bytes: Uint8Array, start: number, length: number): number {
  const first = (bytes[start] as number) | 0x20;
  const last = (bytes[start + length - 1] as number) | 0x20;
  const id = SLOTS[(length * FACTOR + first * 3 + last) & 0xff] as number;
  if (id !== OTHER && isWord(bytes, start, start + length, NAME_BYTES[id] as Uint8Array)) return id;
  return length > CLIENT_CERT_PREFIX.length && isClientCert(bytes, start, length) ? X_CLIENT_CERT : OTHER;
}

/** The third letter tells most names apart from these: few clients send an `x-c…`. */
function isClientCert(bytes: Uint8Array, start: number, length: number): boolean {
  if (((bytes[start + 2] as number) | 0x20) !== LOWER_C) return false;
  return isClientCertName(
    Buffer.from(bytes.subarray(start, start + length))
      .toString('latin1')
      .toLowerCase(),
  );
}
