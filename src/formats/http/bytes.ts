/** Character classes of RFC 9110 and RFC 9112 as tables: one look-up per byte. */

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const UNDERSCORE = 0x5f;

/** RFC 9110 section 5.6.2: tchar. */
export const TOKEN: Uint8Array = table("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

/** Methods as nginx takes them: RFC 9110 section 9.1 knows none in lower case, and a `get` is no GET. */
export const METHOD: Uint8Array = table('ABCDEFGHIJKLMNOPQRSTUVWXYZ_-');

/** RFC 9110 section 5.5: field-content with its blanks and obs-text; no control character but HTAB. */
export const FIELD: Uint8Array = range(0x20, 0xff);
FIELD[0x7f] = 0;
FIELD[HTAB] = 1;

/** What may stand in a request target: everything but control characters and blanks; RFC 9112 section 3 forbids these. */
export const TARGET: Uint8Array = range(0x21, 0xff);
TARGET[0x7f] = 0;

/** The value of a hex digit; 255 for any other byte. */
export const HEX: Uint8Array = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Whether the bytes are a word, in whatever case. @param word its lower case; letters and hyphens only */
export function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let index = 0; index < word.length; index += 1) {
    const byte = bytes[start + index] as number;
    // Only letters have a case: other bytes would become a hyphen with the bit set.
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== word[index]) return false;
  }
  return true;
}

/** Whether the bytes are a text (latin1). */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

const HTTP_1 = Buffer.from('HTTP/1.');

/** Whether `HTTP/1.` stands there (RFC 9112 section 2.3: in capitals). */
export function isHttp1(bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < HTTP_1.length; index += 1) {
    if (bytes[start + index] !== HTTP_1[index]) return false;
  }
  return true;
}

/** Node has this method, but its types do not. `toString('latin1', …)` takes longer: it looks the encoding up. */
interface Latin1Memory {
  latin1Slice(start: number, end: number): string;
}

/** The bytes as text: one character each. */
export function readLatin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1Memory).latin1Slice(start, end);
}

/** The same text on its own. A part of a head would keep the whole head in memory. */
export function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function table(characters: string): Uint8Array {
  const flags = new Uint8Array(256);
  for (const character of characters) flags[character.charCodeAt(0)] = 1;
  return flags;
}

function range(first: number, last: number): Uint8Array {
  const flags = new Uint8Array(256);
  flags.fill(1, first, last + 1);
  return flags;
}
