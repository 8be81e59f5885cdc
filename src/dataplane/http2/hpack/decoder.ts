import { DynamicTable } from './dynamic-table.ts';
import { ENTRY_OVERHEAD, HpackEntry } from './entry.ts';
import { type FieldName, fieldName } from './field-names.ts';
import { corrupt, HpackReader } from './reader.ts';
import { STATIC_FIELDS } from './static-table.ts';

/** What the fields of a block are handed to. */
export interface FieldSink {
  field(entry: HpackEntry): void;
}

/** How large a head may be, decoded: a few bytes can refer to a large field a thousand times. */
export interface FieldLimits {
  /** The sizes of all fields: names, values, and 32 for each. */
  readonly bytes: number;
  readonly fields: number;
}

// How the first byte of a field tells its representation (RFC 7541 section 6): the least value of each.
const INDEXED = 0x80;
const LITERAL_INDEXED = 0x40;
const TABLE_SIZE = 0x20;
const LITERAL_NEVER_INDEXED = 0x10;

/** Index 0 is not used. */
const STATIC: readonly (HpackEntry | undefined)[] = [
  undefined,
  ...STATIC_FIELDS.map(([name, value]) => new HpackEntry(fieldName(name), value, true, false)),
];

/** One for all connections: a block is decoded in one go. */
const reader = new HpackReader();

/**
 * Decodes header blocks (RFC 7541). It belongs to one connection, whose blocks must all pass through it in their order, also
 * those of messages that are refused: each may change the table that the next ones refer to.
 */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #maxTableSize: number;
  readonly #limits: FieldLimits;

  /** @param maxTableSize our SETTINGS_HEADER_TABLE_SIZE */
  constructor(maxTableSize: number, limits: FieldLimits) {
    this.#table = new DynamicTable(maxTableSize);
    this.#maxTableSize = maxTableSize;
    this.#limits = limits;
  }

  /**
   * Decodes a block.
   * @returns whether it is within the limits; what is beyond is not handed on
   * @throws Http2Error when the connection cannot go on
   */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink): boolean {
    const { bytes: maxBytes, fields: maxFields } = this.#limits;
    let size = 0;
    let count = 0;
    reader.begin(bytes, start, end);
    while (reader.hasMore) {
      const first = reader.peek;
      if (first >= INDEXED) {
        const entry = this.#entry(reader.integer(0x7f));
        count += 1;
        size += entry.size;
        if (count <= maxFields && size <= maxBytes) sink.field(entry);
      } else if (first < TABLE_SIZE || first >= LITERAL_INDEXED) {
        const isIndexed = first >= LITERAL_INDEXED;
        const field = this.#name(reader.integer(isIndexed ? 0x3f : 0x0f));
        reader.string();
        const fieldSize = field.name.length + reader.stringSize + ENTRY_OVERHEAD;
        count += 1;
        size += fieldSize;
        const isWithin = count <= maxFields && size <= maxBytes;
        const isKept = isIndexed && this.#table.makeRoom(fieldSize);
        // The text is made only where it is used.
        if (isWithin || isKept) {
          const entry = new HpackEntry(field, reader.text(), reader.isFieldValue(), isNeverIndexed(first));
          if (isKept) this.#table.add(entry);
          if (isWithin) sink.field(entry);
        }
      } else {
        // RFC 7541 section 4.2: a new size of the table comes before all fields.
        if (count > 0) throw corrupt('the size of the table changes behind a field');
        const maxSize = reader.integer(0x1f);
        if (maxSize > this.#maxTableSize) throw corrupt('the table is larger than the setting allows');
        this.#table.resize(maxSize);
      }
    }
    return count <= maxFields && size <= maxBytes;
  }

  #entry(index: number): HpackEntry {
    const entry = index < STATIC.length ? STATIC[index] : this.#table.get(index - STATIC.length);
    if (entry === undefined) throw corrupt(`the table has no entry ${index}`);
    return entry;
  }

  /** @param index of an entry with this name; 0 when the name follows */
  #name(index: number): FieldName {
    if (index !== 0) return this.#entry(index).field;
    reader.string();
    return fieldName(reader.text());
  }
}

function isNeverIndexed(first: number): boolean {
  return first >= LITERAL_NEVER_INDEXED && first < TABLE_SIZE;
}
