import { COLON, CR, HTAB, isText, SP } from '../../../formats/http/bytes.ts';
import { nameTable } from '../../../formats/http/name-table.ts';
import { writeLatin1, writeRange } from '../../../formats/write-bytes.ts';
import { STATIC_FIELDS } from './static-table.ts';

// RFC 7541 section 6: fields of the table, and literals that enter no table.
const INDEXED = 0x80;
const LITERAL = 0x00;
const LITERAL_NEVER_INDEXED = 0x10;
const NAME_INDEX_MASK = 0x0f;
const LENGTH_MASK = 0x7f;

/** Room at first. A larger head gets more, which stays. */
const FIRST_BYTES = 4096;
/** The first byte of a literal, and its two lengths. */
const MOST_OVERHEAD = 13;
/** The names of the static table. Where a name has several entries, its first one stands for it. */
const NAMES: readonly string[] = ['', ...new Set(STATIC_FIELDS.map(([name]) => name))];
const { factor: FACTOR, slots: SLOTS } = nameTable(NAMES.map(name => Buffer.from(name, 'latin1')));
/** By place in NAMES: the index in the static table. */
const INDEXES = Uint8Array.from(NAMES, name => STATIC_FIELDS.findIndex(field => field[0] === name) + 1);
/** Fields that are in the table with their value: name, a colon and the value. */
const FIELD_INDEXES: ReadonlyMap<string, number> = new Map(
  STATIC_FIELDS.map(([name, value], place) => [`${name}:${value}`, place + 1]),
);
/** Secrets, which should stand in no other proxy's table (RFC 7541 section 7.1.3), by place in NAMES. */
const IS_SECRET = Uint8Array.from(NAMES, name =>
  ['authorization', 'proxy-authorization', 'cookie', 'set-cookie'].includes(name) ? 1 : 0,
);

/**
 * Encodes header blocks: names of the static table, literals, no dynamic table. So it has no state beyond the block, and one
 * serves all connections of a worker: begin() starts a block, whose bytes are used before the next one begins.
 */
export class HpackEncoder {
  /** The block is its first `size` bytes. */
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  size = 0;
  #text: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);

  begin(): void {
    this.size = 0;
  }

  status(status: number): void {
    this.pseudo(':status', String(status));
  }

  /** @param name with its colon */
  pseudo(name: string, value: string): void {
    const index = FIELD_INDEXES.get(`${name}:${value}`);
    if (index === undefined || value === '') this.field(name, value, false);
    else this.#addIndexed(index);
  }

  /** @param name in lower case @param value latin1 @param isNeverIndexed its sender marked it so, or it is a secret */
  field(name: string, value: string, isNeverIndexed: boolean): void {
    const size = name.length + value.length;
    const text = this.#textRoom(size);
    writeLatin1(text, writeLatin1(text, 0, name), value);
    this.#reserve(size + MOST_OVERHEAD);
    this.#addLiteral(0, name.length, name.length, size, isNeverIndexed);
  }

  /**
   * Encodes header lines as HTTP/1.1 writes them, with names in whatever case.
   * @param lines latin1, each with its line end; RFC 9113 section 8.2.2 forbids those that speak of the connection
   * @param isNeverIndexed some of their fields may be marked so
   */
  lines(lines: string, isNeverIndexed = false): void {
    const end = lines.length;
    const text = this.#textRoom(end);
    writeLatin1(text, 0, lines);
    // A line's own colon and line end are not shorter than what a literal adds, but for lengths beyond one byte.
    this.#reserve(2 * end + MOST_OVERHEAD);
    let at = 0;
    while (at < end) {
      const nameStart = at;
      let byte = text[at] as number;
      while (byte !== COLON && at < end) {
        if (byte >= 0x41 && byte <= 0x5a) text[at] = byte | 0x20;
        at += 1;
        byte = text[at] as number;
      }
      const nameEnd = at;
      do at += 1;
      while (isBlank(text[at] as number));
      const valueStart = at;
      while (text[at] !== CR && at < end) at += 1;
      let valueEnd = at;
      while (valueEnd > valueStart && isBlank(text[valueEnd - 1] as number)) valueEnd -= 1;
      this.#addLiteral(nameStart, nameEnd, valueStart, valueEnd, isNeverIndexed);
      at += 2;
    }
  }

  #addIndexed(index: number): void {
    this.#reserve(1);
    this.bytes[this.size] = INDEXED | index;
    this.size += 1;
  }

  /** Places are those of the text. */
  #addLiteral(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, isNeverIndexed: boolean): void {
    const text = this.#text;
    const nameSize = nameEnd - nameStart;
    const first = text[nameStart] as number;
    const last = text[nameEnd - 1] as number;
    let place = SLOTS[(nameSize * FACTOR + first * 3 + last) & 0xff] as number;
    if (place !== 0 && !isText(text, nameStart, nameEnd, NAMES[place] as string)) place = 0;
    const kind = isNeverIndexed || IS_SECRET[place] === 1 ? LITERAL_NEVER_INDEXED : LITERAL;
    this.#addInteger(kind, NAME_INDEX_MASK, INDEXES[place] as number);
    if (place === 0) this.#addString(nameStart, nameEnd);
    this.#addString(valueStart, valueEnd);
  }

  #addString(start: number, end: number): void {
    const size = end - start;
    this.#addInteger(0, LENGTH_MASK, size);
    this.size = writeRange(this.bytes, this.size, this.#text, start, end);
  }

  /** @param bits the others of its first byte */
  #addInteger(bits: number, mask: number, value: number): void {
    const { bytes } = this;
    if (value < mask) {
      bytes[this.size] = bits | value;
      this.size += 1;
      return;
    }
    bytes[this.size] = bits | mask;
    this.size += 1;
    let rest = value - mask;
    while (rest >= 0x80) {
      bytes[this.size] = 0x80 | (rest & 0x7f);
      this.size += 1;
      rest >>>= 7;
    }
    bytes[this.size] = rest;
    this.size += 1;
  }

  #reserve(size: number): void {
    if (this.size + size <= this.bytes.length) return;
    const bytes = Buffer.allocUnsafeSlow(2 * (this.size + size));
    this.bytes.copy(bytes, 0, 0, this.size);
    this.bytes = bytes;
  }

  #textRoom(size: number): Buffer {
    if (size > this.#text.length) this.#text = Buffer.allocUnsafeSlow(2 * size);
    return this.#text;
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}
