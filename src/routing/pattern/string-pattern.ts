import type { Captures, Pattern } from './pattern.ts';
import type { Syntax } from './syntax.ts';

/** The longest literal that may be looked for more than once. */
const MAX_SEARCHED = 32;

/** What may stand between the literal and the rest. */
type Separator = 'none' | 'slash' | 'slash or end' | 'slash or nothing';

/** The parts of the shape: all of them may be absent. */
interface Shape {
  /** Matches at the start of a text only. */
  isAnchored: boolean;
  literal: string;
  separator: Separator;
  /** `.*` at the end. */
  takesRest: boolean;
  /** Matches to the end of a text only. */
  isWhole: boolean;
  /** What each group captures. */
  groups: ('separator' | 'rest')[];
}

/**
 * The shape that most patterns for paths have, as string code: `^/api`, `^/api$`, `/api(/|$)(.*)`, `^/api/?(.*)$`, `^/(.*)`.
 * A literal is found or not, then everything is decided by one character: the cost is that of `indexOf`.
 */
export class StringPattern implements Pattern {
  readonly groups: number;
  readonly #shape: Shape;

  private constructor(shape: Shape) {
    this.groups = shape.groups.length;
    this.#shape = shape;
  }

  /** @returns undefined for a pattern of another shape */
  static of(syntax: Syntax): StringPattern | undefined {
    const shape = new ShapeReader(syntax).read();
    return shape && isCheap(shape) ? new StringPattern(shape) : undefined;
  }

  match(text: string): Captures | undefined {
    const { literal, isAnchored } = this.#shape;
    if (isAnchored) return text.startsWith(literal) ? this.#matchAt(text, 0) : undefined;
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + 1)) {
      const captures = this.#matchAt(text, at);
      if (captures !== undefined) return captures;
      // The empty literal is found at the end again and again.
      if (at === text.length) break;
    }
    return undefined;
  }

  #matchAt(text: string, at: number): Captures | undefined {
    const { literal, separator, takesRest, isWhole, groups } = this.#shape;
    const begin = at + literal.length;
    let end = begin;
    if (separator !== 'none') {
      if (text[begin] === '/') end += 1;
      else if (separator === 'slash' || (separator === 'slash or end' && begin < text.length)) return undefined;
    }
    const rest = end;
    if (takesRest) end = text.length;
    else if (isWhole && end < text.length) return undefined;
    const captures = [text.slice(at, end)];
    for (const group of groups) captures.push(group === 'rest' ? text.slice(rest) : text.slice(begin, rest));
    return captures;
  }
}

/**
 * A literal such as `/////` is found at each slash of a long row of them. Where each place may fail behind the literal, its
 * length counts each time.
 */
function isCheap({ isAnchored, literal, separator, takesRest, isWhole }: Shape): boolean {
  const mayFailBehind = separator === 'slash' || separator === 'slash or end' || (isWhole && !takesRest);
  return isAnchored || !mayFailBehind || literal.length <= MAX_SEARCHED;
}

/** Reads the parts of a shape, in their order. */
class ShapeReader {
  readonly #items: readonly Syntax[];
  #at = 0;

  constructor(syntax: Syntax) {
    this.#items = flatten(syntax);
  }

  read(): Shape | undefined {
    const shape: Shape = {
      isAnchored: this.#takeIf(item => item.kind === 'start'),
      literal: this.#literal(),
      separator: 'none',
      takesRest: false,
      isWhole: false,
      groups: [],
    };
    shape.separator = this.#part(separatorOf, 'none', 'separator', shape);
    shape.takesRest = this.#part(isRest, false, 'rest', shape);
    shape.isWhole = this.#takeIf(item => item.kind === 'end');
    return this.#at === this.#items.length ? shape : undefined;
  }

  /** Bytes, up to one that repeats: the slash of `/api/(.*)` is a part of the literal. */
  #literal(): string {
    let literal = '';
    for (let byte = byteOf(this.#next); byte >= 0; byte = byteOf(this.#next)) {
      literal += String.fromCharCode(byte);
      this.#at += 1;
    }
    return literal;
  }

  /** A part that may be a group. */
  #part<T>(read: (syntax: Syntax) => T | undefined, absent: T, group: 'separator' | 'rest', { groups }: Shape): T {
    const item = this.#next;
    if (item === undefined) return absent;
    const part = read(item.kind === 'group' ? item.of : item);
    if (part === undefined) return absent;
    this.#at += 1;
    if (item.kind === 'group') groups.push(group);
    return part;
  }

  #takeIf(test: (item: Syntax) => boolean): boolean {
    const item = this.#next;
    if (item === undefined || !test(item)) return false;
    this.#at += 1;
    return true;
  }

  get #next(): Syntax | undefined {
    return this.#items[this.#at];
  }
}

function flatten(syntax: Syntax): readonly Syntax[] {
  return syntax.kind === 'sequence' ? syntax.items.flatMap(flatten) : [syntax];
}

function byteOf(syntax: Syntax | undefined): number {
  return syntax?.kind === 'bytes' ? syntax.set.only : -1;
}

function isSlash(syntax: Syntax | undefined): boolean {
  return byteOf(syntax) === 0x2f;
}

function separatorOf(syntax: Syntax): Separator | undefined {
  if (isSlash(syntax)) return 'slash';
  if (syntax.kind === 'choice') {
    const [first, second, ...others] = syntax.options;
    return isSlash(first) && second?.kind === 'end' && others.length === 0 ? 'slash or end' : undefined;
  }
  const isOptional = syntax.kind === 'repeat' && syntax.min === 0 && syntax.max === 1 && !syntax.isLazy;
  return isOptional && isSlash(syntax.of) ? 'slash or nothing' : undefined;
}

function isRest(syntax: Syntax): true | undefined {
  if (syntax.kind !== 'repeat' || syntax.min !== 0 || syntax.max !== Infinity || syntax.isLazy) return undefined;
  return syntax.of.kind === 'bytes' && syntax.of.set.isAll ? true : undefined;
}
