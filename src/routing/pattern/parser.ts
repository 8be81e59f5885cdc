import { ByteSet } from './byte-set.ts';
import { literalByte, readClass, readEscape } from './character-classes.ts';
import { PatternReader } from './pattern-reader.ts';
import { hasGroup, mayBeEmpty, mayMissGroup, type Repeat, type Syntax, sizeOf } from './syntax.ts';

/** Bounds of a pattern. Together they bound what its compilation costs. */
const MAX_LENGTH = 512;
const MAX_SIZE = 500;
const MAX_DEPTH = 20;
const MAX_REPEATS = 255;
/** A target can name no more: `$1` to `$9`. */
const MAX_GROUPS = 9;

export interface ParsedPattern {
  readonly syntax: Syntax;
  readonly groups: number;
}

/**
 * Reads what PCRE and JavaScript's RegExp have in common, and from PCRE what has a plain meaning: POSIX classes, `\A`, `\z`,
 * `\Z`, `\h`, `\Q…\E`, `(?P<name>…)`, `(?i)` at the start. What both read in different ways is refused.
 */
export function parsePattern(text: string, ignoresCase: boolean): ParsedPattern {
  const reader = new PatternReader(text);
  if (text === '') reader.refuse('it is empty: write .* for all texts', 0);
  if (text.length > MAX_LENGTH) reader.refuse(`it has more than ${MAX_LENGTH} characters`, MAX_LENGTH);
  const parser = new Parser(reader, ignoresCase || reader.takeIf('(?i)'));
  const syntax = parser.choice(0);
  if (!reader.isAtEnd) reader.refuse('no group is open: write \\) for the character', reader.at);
  if (sizeOf(syntax) > MAX_SIZE) reader.refuse('its repetitions make it too large: write smaller numbers', 0);
  return { syntax, groups: parser.groups };
}

class Parser {
  groups = 0;
  readonly #reader: PatternReader;
  #ignoresCase: boolean;

  constructor(reader: PatternReader, ignoresCase: boolean) {
    this.#reader = reader;
    this.#ignoresCase = ignoresCase;
  }

  choice(depth: number): Syntax {
    const options = [this.#sequence(depth)];
    while (this.#reader.takeIf('|')) options.push(this.#sequence(depth));
    return options.length === 1 ? (options[0] as Syntax) : { kind: 'choice', options };
  }

  #sequence(depth: number): Syntax {
    const reader = this.#reader;
    const items: Syntax[] = [];
    while (!reader.isAtEnd && reader.next !== '|' && reader.next !== ')') {
      if (reader.takeIf('\\Q')) items.push(...this.#quoted());
      else items.push(this.#repeated(depth));
    }
    return items.length === 1 ? (items[0] as Syntax) : { kind: 'sequence', items };
  }

  /** `\Q…\E`: characters that stand for themselves. */
  #quoted(): Syntax[] {
    const { text, at } = this.#reader;
    const end = text.indexOf('\\E', at);
    if (end < 0) this.#reader.refuse('\\Q has no \\E', at - 2);
    this.#reader.at = end + 2;
    return Array.from(text.slice(at, end), (character, index) => this.#literal(character, at + index));
  }

  #repeated(depth: number): Syntax {
    const from = this.#reader.at;
    const of = this.#atom(depth);
    const at = this.#reader.at;
    const limits = this.#limits();
    if (limits === undefined) return of;
    this.#judgeRepeat(of, limits, from, at);
    return { kind: 'repeat', of, ...limits };
  }

  #limits(): Omit<Repeat, 'kind' | 'of'> | undefined {
    const reader = this.#reader;
    const from = reader.at;
    const [min, max] = this.#leastAndMost();
    if (max < 0) return undefined;
    if (min > max || max === 0) reader.refuse('the repetition takes no number of times', from);
    if (min > MAX_REPEATS || (max !== Infinity && max > MAX_REPEATS))
      reader.refuse(`a repetition may say ${MAX_REPEATS} at most: write + or * for more`, from);
    const isLazy = reader.takeIf('?');
    if (!isLazy && reader.next === '+') reader.refuse('possessive repetition is not supported: leave out the +', from);
    return { min, max, isLazy };
  }

  /** @returns -1 as the most where no repetition follows */
  #leastAndMost(): [least: number, most: number] {
    const reader = this.#reader;
    if (reader.takeIf('*')) return [0, Infinity];
    if (reader.takeIf('+')) return [1, Infinity];
    if (reader.takeIf('?')) return [0, 1];
    const counted = reader.takeMatch(/\{(\d+)(?:(,)(\d*))?\}/y);
    if (counted === undefined) return [0, -1];
    const [, least, comma, most] = counted;
    const min = Number(least);
    return [min, comma === undefined ? min : most === '' ? Infinity : Number(most)];
  }

  /** Refuses repetitions that PCRE and JavaScript understand in different ways. */
  #judgeRepeat(of: Syntax, { max }: Pick<Repeat, 'max'>, from: number, at: number): void {
    const reader = this.#reader;
    const part = reader.text.slice(from, at);
    if (mayBeEmpty(of))
      reader.refuse(`${part} may match nothing, so repeating it has no end: leave out one of both`, from);
    if (max > 1 && hasGroup(of) && mayMissGroup(of))
      reader.refuse('a repetition with a group that it may leave out: write (?:…) for the inner group', from);
  }

  #atom(depth: number): Syntax {
    const reader = this.#reader;
    const from = reader.at;
    if (reader.takeMatch(/\{\d*(?:,\d*)?\}/y) !== undefined && reader.text[from + 1] !== '}')
      reader.refuse('a repetition of nothing: write {0,3} behind what repeats, \\{ for the character', from);
    reader.at = from;
    const character = reader.take();
    switch (character) {
      case '.':
        return { kind: 'bytes', set: ByteSet.all() };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '(':
        return this.#group(depth + 1);
      case '[':
        return { kind: 'bytes', set: readClass(reader, this.#ignoresCase) };
      case '\\':
        return this.#escaped();
      case '*':
      case '+':
      case '?':
        return reader.refuse(`a repetition of nothing: write \\${character} for the character`, from);
      default:
        return this.#literal(character, from);
    }
  }

  #escaped(): Syntax {
    const reader = this.#reader;
    if (reader.takeIf('b')) return { kind: 'boundary', isNegated: false };
    if (reader.takeIf('B')) return { kind: 'boundary', isNegated: true };
    if (reader.takeIf('A')) return { kind: 'start' };
    if (reader.takeIf('z') || reader.takeIf('Z')) return { kind: 'end' };
    return this.#bytes(readEscape(reader));
  }

  #literal(character: string, from: number): Syntax {
    return this.#bytes(literalByte(this.#reader, character, from));
  }

  #bytes(set: ByteSet): Syntax {
    return { kind: 'bytes', set: this.#ignoresCase ? set.foldCase() : set };
  }

  #group(depth: number): Syntax {
    const reader = this.#reader;
    const from = reader.at - 1;
    if (depth > MAX_DEPTH) reader.refuse(`groups lie more than ${MAX_DEPTH} deep in one another`, from);
    if (reader.next === '*') reader.refuse('verbs of PCRE are not supported', from);
    if (!reader.takeIf('?') || reader.takeMatch(/P?<[a-z_]\w*>/iy)) {
      this.groups += 1;
      const index = this.groups;
      if (index > MAX_GROUPS) reader.refuse(`more than ${MAX_GROUPS} groups: write (?:…) for some of them`, from);
      return { kind: 'group', index, of: this.#inside(depth, from) };
    }
    if (reader.takeIf(':')) return this.#inside(depth, from);
    if (reader.takeIf('i:')) return this.#insideOfAnyCase(depth, from);
    if (reader.takeIf('=')) return this.#lookahead(depth, from, false);
    if (reader.takeIf('!')) return this.#lookahead(depth, from, true);
    if (reader.takeIf('<')) reader.refuse('looking behind is not supported: match what stands before instead', from);
    if (reader.takeIf('i)')) reader.refuse('(?i) stands at the start only: write (?i:…) for a part', from);
    return reader.refuse(`(?${reader.next} is not supported: write (?:…) for a group that captures nothing`, from);
  }

  #inside(depth: number, from: number): Syntax {
    const syntax = this.choice(depth);
    if (!this.#reader.takeIf(')')) this.#reader.refuse('the group has no end: write \\( for the character', from);
    return syntax;
  }

  #insideOfAnyCase(depth: number, from: number): Syntax {
    const before = this.#ignoresCase;
    this.#ignoresCase = true;
    const syntax = this.#inside(depth, from);
    this.#ignoresCase = before;
    return syntax;
  }

  #lookahead(depth: number, from: number, isNegated: boolean): Syntax {
    const of = this.#inside(depth, from);
    // A group in a negative one never captures, which is the same everywhere.
    if (!isNegated && hasGroup(of)) this.#reader.refuse('a group in a look-ahead: write (?:…) instead', from);
    return { kind: 'lookahead', isNegated, of };
  }
}
