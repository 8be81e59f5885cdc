const TABLE_SIZE = 256;

/** Names by their length, first and last byte, such that no two of them share a slot. */
export interface NameTable {
  /** Slot of a name: length × factor + first byte × 3 + last byte, of which the low 8 bits count. */
  readonly factor: number;
  /** By slot: the place of the name in the list; 0 where there is none. */
  readonly slots: Uint8Array;
}

/** @param names in lower case; the first one is empty, so that 0 means none */
export function nameTable(names: readonly Uint8Array[]): NameTable {
  for (let factor = 1; factor < 4096; factor += 1) {
    const slots = new Uint8Array(TABLE_SIZE);
    const isFree = names.every((name, place) => {
      if (place === 0) return true;
      const slot =
        (name.length * factor + (name[0] as number) * 3 + (name[name.length - 1] as number)) & (TABLE_SIZE - 1);
      if (slots[slot] !== 0) return false;
      slots[slot] = place;
      return true;
    });
    if (isFree) return { factor, slots };
  }
  throw new RangeError('no factor keeps these names apart: use a larger table');
}
