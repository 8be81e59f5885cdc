import type { ByteSet } from './byte-set.ts';
import type { Repeat, Syntax } from './syntax.ts';

/** What an instruction does. `x` and `y` are its operands. */
export const MATCH = 0;
/** Takes the byte `x`. */
export const BYTE = 1;
/** Takes a byte of the set that begins at `x`. */
export const SET = 2;
/** Goes on at `x`; if that fails, at `y`. */
export const SPLIT = 3;
export const JUMP = 4;
/** Keeps the place in slot `x`: each group has two slots, for where it begins and where it ends. */
export const SAVE = 5;
export const START = 6;
export const END = 7;
/** A boundary of a word, or the opposite where `x` is 1. */
export const BOUNDARY = 8;
/** What follows must match here, or must not where `y` is 1; then goes on at `x`. */
export const LOOKAHEAD = 9;

/**
 * A pattern as instructions for a backtracking machine. Alternatives are tried in the order that Perl, PCRE and JavaScript
 * have in common. A split's `splitIndex` numbers it among the splits.
 */
export class Program {
  readonly operations: Uint8Array;
  readonly x: Uint16Array;
  readonly y: Uint16Array;
  readonly splitIndex: Uint16Array;
  readonly splits: number;
  readonly groups: number;
  readonly sets: Uint32Array;

  constructor(syntax: Syntax, groups: number) {
    const assembler = new Assembler();
    assembler.emit(syntax);
    assembler.add(MATCH);
    this.operations = Uint8Array.from(assembler.operations);
    this.x = Uint16Array.from(assembler.x);
    this.y = Uint16Array.from(assembler.y);
    let splits = 0;
    this.splitIndex = Uint16Array.from(assembler.operations, operation => (operation === SPLIT ? splits++ : 0));
    this.splits = splits;
    this.groups = groups;
    this.sets = Uint32Array.from(assembler.sets);
  }

  /** Whether the BYTE or SET at `at` takes the byte; NaN is the end of the text, which none takes. */
  takes(at: number, byte: number): boolean {
    const x = this.x[at] as number;
    if (this.operations[at] === BYTE) return x === byte;
    return byte < 256 && (((this.sets[x + (byte >>> 5)] as number) >>> (byte & 31)) & 1) === 1;
  }
}

class Assembler {
  readonly operations: number[] = [];
  readonly x: number[] = [];
  readonly y: number[] = [];
  readonly sets: number[] = [];
  readonly #knownSets = new Map<string, number>();
  #captures = true;

  add(operation: number, x = 0, y = 0): number {
    this.x.push(x);
    this.y.push(y);
    return this.operations.push(operation) - 1;
  }

  emit(syntax: Syntax): void {
    switch (syntax.kind) {
      case 'bytes':
        this.#emitBytes(syntax.set);
        return;
      case 'sequence':
        for (const item of syntax.items) this.emit(item);
        return;
      case 'choice':
        this.#emitChoice(syntax.options);
        return;
      case 'repeat':
        this.#emitRepeat(syntax);
        return;
      case 'group':
        this.#emitGroup(syntax.index, syntax.of);
        return;
      case 'start':
        this.add(START);
        return;
      case 'end':
        this.add(END);
        return;
      case 'boundary':
        this.add(BOUNDARY, Number(syntax.isNegated));
        return;
      case 'lookahead':
        this.#emitLookahead(syntax.of, syntax.isNegated);
    }
  }

  #emitBytes(set: ByteSet): void {
    const { only } = set;
    if (only >= 0) {
      this.add(BYTE, only);
      return;
    }
    const key = set.words.join();
    let at = this.#knownSets.get(key);
    if (at === undefined) {
      at = this.sets.length;
      this.sets.push(...set.words);
      this.#knownSets.set(key, at);
    }
    this.add(SET, at);
  }

  #emitChoice(options: readonly Syntax[]): void {
    const ends: number[] = [];
    for (const [index, option] of options.entries()) {
      const isLast = index === options.length - 1;
      const split = isLast ? -1 : this.add(SPLIT, this.#here + 1);
      this.emit(option);
      if (isLast) break;
      ends.push(this.add(JUMP));
      this.y[split] = this.#here;
    }
    for (const end of ends) this.x[end] = this.#here;
  }

  /** Counted repetitions are written out. */
  #emitRepeat({ of, min, max, isLazy }: Repeat): void {
    let begin = this.#here;
    for (let times = 0; times < min; times += 1) {
      begin = this.#here;
      this.emit(of);
    }
    if (max === Infinity && min > 0) {
      this.#split(isLazy, begin, this.#here + 1);
    } else if (max === Infinity) {
      const split = this.#split(isLazy, begin + 1, 0);
      this.emit(of);
      this.add(JUMP, begin);
      this.#elseGoTo(split, isLazy);
    } else {
      const splits: number[] = [];
      for (let times = min; times < max; times += 1) {
        splits.push(this.#split(isLazy, this.#here + 1, 0));
        this.emit(of);
      }
      for (const split of splits) this.#elseGoTo(split, isLazy);
    }
  }

  /** Once more, or no more: a lazy repetition tries the latter first. */
  #split(isLazy: boolean, again: number, end: number): number {
    return isLazy ? this.add(SPLIT, end, again) : this.add(SPLIT, again, end);
  }

  #elseGoTo(split: number, isLazy: boolean): void {
    (isLazy ? this.x : this.y)[split] = this.#here;
  }

  #emitGroup(index: number, of: Syntax): void {
    if (this.#captures) this.add(SAVE, 2 * (index - 1));
    this.emit(of);
    if (this.#captures) this.add(SAVE, 2 * (index - 1) + 1);
  }

  #emitLookahead(of: Syntax, isNegated: boolean): void {
    const before = this.#captures;
    this.#captures = false;
    const lookahead = this.add(LOOKAHEAD, 0, Number(isNegated));
    this.emit(of);
    this.add(MATCH);
    this.x[lookahead] = this.#here;
    this.#captures = before;
  }

  get #here(): number {
    return this.operations.length;
  }
}
