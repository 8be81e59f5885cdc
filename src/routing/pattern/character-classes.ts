import { ByteSet } from './byte-set.ts';
import type { PatternReader } from './pattern-reader.ts';

const DIGITS = ByteSet.of('0123456789');
const LOWER = ByteSet.ranges([0x61, 0x7a]);
const UPPER = ByteSet.ranges([0x41, 0x5a]);
const LETTERS = LOWER.union(UPPER);
const SPACE = ByteSet.of('\t\n\v\f\r ');

/** What `\w` takes, and what `\b` looks for. */
export const WORD = LETTERS.union(DIGITS).union(ByteSet.of('_'));

/** Classes that stand for the same bytes in PCRE and here. JavaScript's `\s` takes more, so RegExp is never given the name. */
const ESCAPED_CLASSES: Readonly<Record<string, ByteSet>> = {
  d: DIGITS,
  D: DIGITS.complement(),
  w: WORD,
  W: WORD.complement(),
  s: SPACE,
  S: SPACE.complement(),
  h: ByteSet.of('\t \xa0'),
};

const POSIX_CLASSES: Readonly<Record<string, ByteSet>> = {
  alnum: LETTERS.union(DIGITS),
  alpha: LETTERS,
  blank: ByteSet.of('\t '),
  cntrl: ByteSet.ranges([0, 0x1f], [0x7f, 0x7f]),
  digit: DIGITS,
  graph: ByteSet.ranges([0x21, 0x7e]),
  lower: LOWER,
  print: ByteSet.ranges([0x20, 0x7e]),
  punct: ByteSet.ranges([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]),
  space: SPACE,
  upper: UPPER,
  word: WORD,
  xdigit: ByteSet.of('0123456789abcdefABCDEF'),
};

const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, f: 0x0c, r: 0x0d };

/** A character that stands for itself. @param from where it stands */
export function literalByte(reader: PatternReader, character: string, from: number): ByteSet {
  const code = character.charCodeAt(0);
  if (code < 0x20 || code > 0x7e)
    reader.refuse('only printable ASCII: paths hold other characters as escapes, so write %C3%A9 for é', from);
  return ByteSet.byte(code);
}

/** What a backslash begins, where it stands for bytes; the backslash has been taken. */
export function readEscape(reader: PatternReader): ByteSet {
  const from = reader.at - 1;
  if (reader.isAtEnd) reader.refuse('a backslash at the end: write \\\\ for the character', from);
  const letter = reader.take();
  const set = ESCAPED_CLASSES[letter];
  if (set !== undefined) return set;
  const control = CONTROLS[letter];
  if (control !== undefined) return ByteSet.byte(control);
  if (letter === 'x') {
    const hex = reader.takeMatch(/([0-9a-f]{2})|\{0*([0-9a-f]{1,2})\}/iy);
    if (hex === undefined) reader.refuse('\\x takes two hexadecimal digits, as in \\x2e', from);
    return ByteSet.byte(Number.parseInt((hex[1] ?? hex[2]) as string, 16));
  }
  if (/[1-9]/.test(letter))
    reader.refuse(`\\${letter} refers back to a group, whose cost has no bound: write the alternatives out`, from);
  if (/[0-9a-z]/i.test(letter)) reader.refuse(`\\${letter} is not supported here`, from);
  return literalByte(reader, letter, from);
}

/** A class in brackets, as PCRE reads it; its opening bracket has been taken. */
export function readClass(reader: PatternReader, ignoresCase: boolean): ByteSet {
  const from = reader.at - 1;
  const isNegated = reader.takeIf('^');
  let set = ByteSet.none();
  // A closing bracket that stands first is a character. JavaScript would end the class there.
  for (let isFirst = true; isFirst || reader.next !== ']'; isFirst = false) {
    if (reader.isAtEnd) reader.refuse('the class has no closing bracket: write \\[ for the character', from);
    set = set.union(readMember(reader));
  }
  reader.take();
  if (ignoresCase) set = set.foldCase();
  return isNegated ? set.complement() : set;
}

/** A character of a class, a range, or a class in it. */
function readMember(reader: PatternReader): ByteSet {
  const from = reader.at;
  const first = readSingle(reader);
  if (reader.next !== '-') return first;
  const { text, at } = reader;
  if (at + 1 >= text.length || text[at + 1] === ']') return first;
  reader.take();
  const last = readSingle(reader);
  const [low, high] = [first.only, last.only];
  if (low < 0 || high < 0) reader.refuse('a range of a class: write the - last, as in [\\w.-]', from);
  if (low > high) reader.refuse('the range is the wrong way round', from);
  return ByteSet.ranges([low, high]);
}

function readSingle(reader: PatternReader): ByteSet {
  const from = reader.at;
  const character = reader.take();
  if (character === '\\') return readEscape(reader);
  if (character !== '[' || !/[.:=]/.test(reader.next)) return literalByte(reader, character, from);
  const name = reader.takeMatch(/:(\^?)([a-z]+):\]/y);
  const set = name && POSIX_CLASSES[name[2] as string];
  if (name === undefined || set === undefined)
    reader.refuse('no such class: write \\[ for the character, [[:alpha:]] for letters', from);
  return name[1] === '^' ? set.complement() : set;
}
