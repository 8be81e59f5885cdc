const WORDS = 8;
const BYTES = 256;
/** From a capital to its letter. */
const CASE = 0x20;

/** A set of bytes: what one place of a pattern takes. Immutable. */
export class ByteSet {
  /** A bit for each byte. */
  readonly words: Uint32Array;
  /** Worked out when they are first asked for: patterns are made of the same few sets. */
  #folded: ByteSet | undefined;
  #only: number | undefined;
  #letter: number | undefined;

  private constructor(words: Uint32Array) {
    this.words = words;
  }

  static none(): ByteSet {
    return new ByteSet(new Uint32Array(WORDS));
  }

  static all(): ByteSet {
    return ByteSet.none().complement();
  }

  /** @param ranges of two bytes each: the first and the last one */
  static ranges(...ranges: readonly (readonly [first: number, last: number])[]): ByteSet {
    const { words } = ByteSet.none();
    for (const [first, last] of ranges) for (let byte = first; byte <= last; byte += 1) add(words, byte);
    return new ByteSet(words);
  }

  /** One object for each byte. */
  static byte(byte: number): ByteSet {
    let set = SINGLES[byte];
    if (set === undefined) {
      set = ByteSet.ranges([byte, byte]);
      SINGLES[byte] = set;
    }
    return set;
  }

  /** The bytes of an ASCII text. */
  static of(text: string): ByteSet {
    const { words } = ByteSet.none();
    for (let index = 0; index < text.length; index += 1) add(words, text.charCodeAt(index));
    return new ByteSet(words);
  }

  has(byte: number): boolean {
    return byte < BYTES && (((this.words[byte >>> 5] as number) >>> (byte & 31)) & 1) === 1;
  }

  *bytes(): Generator<number> {
    for (let byte = 0; byte < BYTES; byte += 1) if (this.has(byte)) yield byte;
  }

  union(other: ByteSet): ByteSet {
    return new ByteSet(this.words.map((word, index) => word | (other.words[index] as number)));
  }

  complement(): ByteSet {
    return new ByteSet(this.words.map(word => ~word));
  }

  /** With both cases of each letter of ASCII: PCRE folds no others in nginx, unlike JavaScript. */
  foldCase(): ByteSet {
    this.#folded ??= this.#foldCase();
    return this.#folded;
  }

  #foldCase(): ByteSet {
    const { words } = ByteSet.none();
    for (let byte = 0; byte < BYTES; byte += 1) {
      if (!this.has(byte)) continue;
      add(words, byte);
      const lower = byte | 0x20;
      if (lower >= 0x61 && lower <= 0x7a) add(words, byte ^ 0x20);
    }
    return new ByteSet(words);
  }

  /** The byte of a set of one; -1 for any other set. */
  get only(): number {
    this.#only ??= onlyOf(this);
    return this.#only;
  }

  /** The byte of a set of one byte of ASCII, or of a letter in both its cases, in lower case; -1 for any other set. */
  get lowerCase(): number {
    this.#letter ??= lowerCaseOf(this);
    return this.#letter;
  }

  get isAll(): boolean {
    return this.words.every(word => word === 0xffff_ffff);
  }

  /** As JavaScript's RegExp writes it. */
  toRegExp(): string {
    let ranges = '';
    for (let byte = 0; byte < BYTES; byte += 1) {
      if (!this.has(byte)) continue;
      const first = byte;
      while (this.has(byte + 1)) byte += 1;
      ranges += byte === first ? escaped(first) : `${escaped(first)}-${escaped(byte)}`;
    }
    return `[${ranges}]`;
  }
}

const SINGLES: ByteSet[] = [];

function onlyOf(set: ByteSet): number {
  let only = -1;
  for (let byte = 0; byte < BYTES; byte += 1) {
    if (!set.has(byte)) continue;
    if (only >= 0) return -1;
    only = byte;
  }
  return only;
}

function lowerCaseOf(set: ByteSet): number {
  const bytes = [...set.bytes()];
  const [first = -1, second] = bytes;
  const isLetter = first >= 0x41 && first <= 0x5a;
  if (isLetter) return bytes.length <= 2 && (second ?? first | CASE) === (first | CASE) ? first | CASE : -1;
  return bytes.length === 1 && first < 0x80 ? first : -1;
}

function add(words: Uint32Array, byte: number): void {
  words[byte >>> 5] = (words[byte >>> 5] as number) | (1 << (byte & 31));
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
