/** The header names that mean something to a proxy, found by one table look-up and one comparison. */

import { isWord } from '../../formats/http/bytes.ts';
import { nameTable } from '../../formats/http/name-table.ts';
import { HEADER_NAMES, OTHER } from '../pipeline/header-ids.ts';

const NAME_BYTES: readonly Uint8Array[] = HEADER_NAMES.map(name => Buffer.from(name, 'latin1'));
const { factor: FACTOR, slots: SLOTS } = nameTable(NAME_BYTES);

/** The number of a name, in whatever case; {@link OTHER} for any that is not listed. */
export function identify(bytes: Uint8Array, start: number, length: number): number {
  const first = (bytes[start] as number) | 0x20;
  const last = (bytes[start + length - 1] as number) | 0x20;
  const id = SLOTS[(length * FACTOR + first * 3 + last) & 0xff] as number;
  if (id === OTHER) return OTHER;
  return isWord(bytes, start, start + length, NAME_BYTES[id] as Uint8Array) ? id : OTHER;
}
