import { WORD } from './character-classes.ts';
import type { CostBudget } from './cost-budget.ts';
import type { Captures, Pattern } from './pattern.ts';
import { PatternCostError } from './pattern-cost-error.ts';
import { BOUNDARY, BYTE, END, JUMP, LOOKAHEAD, MATCH, type Program, SAVE, SET, SPLIT, START } from './program.ts';

/** Nanoseconds of an instruction, once the machine has been compiled. Before, it takes ten times as long. */
const STEP_COST = 25;

/** Most instructions that one match may take: a quarter of a millisecond. */
export const MAX_STEPS = 10_000;

/** The longest text that a request can hold: a head of HTTP/2 has no more. It bounds the memory of a match, too. */
export const MAX_TEXT = 32 * 1024;

/** What all matches of a thread use again, one after the other. */
let tried = new Uint32Array(64);
let stack = new Int32Array(256);

/**
 * Runs a program on a text. It backtracks, and tries no split twice at one place of the text: what failed there fails there
 * again, whatever was taken before, because no instruction looks back at what a group has captured. So its steps are bounded
 * by the size of the program times the length of the text. {@link MAX_STEPS} bounds them again.
 */
export class Machine implements Pattern {
  /** Steps of the last run. */
  steps = 0;
  readonly groups: number;
  readonly #program: Program;
  readonly #slots: Int32Array;
  #text = '';
  #top = 0;

  constructor(program: Program) {
    this.#program = program;
    this.groups = program.groups;
    this.#slots = new Int32Array(2 * program.groups);
  }

  /** Looks for the leftmost match. */
  match(text: string, budget?: CostBudget): Captures | undefined {
    if (text.length > MAX_TEXT) throw new PatternCostError();
    this.#begin(text);
    try {
      return this.#search();
    } finally {
      // It may be a part of a head, which it would keep in memory.
      this.#text = '';
      budget?.charge(this.steps * STEP_COST);
    }
  }

  #search(): Captures | undefined {
    for (let start = 0; start <= this.#text.length; start += 1) {
      const end = this.#matchAt(start, 0, true);
      if (end >= 0) return this.#captures(start, end);
    }
    return undefined;
  }

  #begin(text: string): void {
    const words = Math.ceil((this.#program.splits * (text.length + 1)) / 32);
    if (words > tried.length) tried = new Uint32Array(words);
    else tried.fill(0, 0, words);
    this.#text = text;
    this.#top = 0;
    this.steps = 0;
    this.#slots.fill(-1);
  }

  #captures(start: number, end: number): Captures {
    const text = this.#text;
    const captures = [text.slice(start, end)];
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot += 2) {
      captures.push(slots[slot + 1] === -1 ? '' : text.slice(slots[slot], slots[slot + 1]));
    }
    return captures;
  }

  /**
   * @param pc the instruction to begin with
   * @param remembers whether what has failed once is not tried again. In a look-ahead, what was tried may have succeeded.
   * @returns where the match ends; -1 where there is none
   */
  #matchAt(start: number, begin: number, remembers: boolean): number {
    const { operations, x, y, sets } = this.#program;
    const text = this.#text;
    const bottom = this.#top;
    let at = start;
    let pc = begin;
    let { steps } = this;
    for (;;) {
      steps += 1;
      if (steps > MAX_STEPS) {
        this.steps = steps;
        throw new PatternCostError();
      }
      let goesOn = false;
      switch (operations[pc]) {
        case MATCH:
          this.steps = steps;
          this.#top = bottom;
          return at;
        case BYTE:
          goesOn = text.charCodeAt(at) === x[pc];
          at += 1;
          pc += 1;
          break;
        case SET: {
          const byte = text.charCodeAt(at);
          goesOn = byte < 256 && (((sets[(x[pc] as number) + (byte >>> 5)] as number) >>> (byte & 31)) & 1) === 1;
          at += 1;
          pc += 1;
          break;
        }
        case SPLIT:
          goesOn = !remembers || this.#isNew(pc, at);
          if (goesOn) this.#push(y[pc] as number, at);
          pc = x[pc] as number;
          break;
        case JUMP:
          goesOn = true;
          pc = x[pc] as number;
          break;
        case SAVE: {
          const slot = x[pc] as number;
          this.#push(~slot, this.#slots[slot] as number);
          this.#slots[slot] = at;
          goesOn = true;
          pc += 1;
          break;
        }
        case START:
          goesOn = at === 0;
          pc += 1;
          break;
        case END:
          goesOn = at === text.length;
          pc += 1;
          break;
        case BOUNDARY:
          goesOn = (isWord(text, at - 1) !== isWord(text, at)) === (x[pc] === 0);
          pc += 1;
          break;
        case LOOKAHEAD:
          this.steps = steps;
          goesOn = this.#matchAt(at, pc + 1, false) >= 0 === (y[pc] === 0);
          steps = this.steps;
          pc = x[pc] as number;
          break;
      }
      if (goesOn) continue;
      pc = this.#backtrack(bottom);
      if (pc < 0) {
        this.steps = steps;
        return -1;
      }
      at = stack[this.#top + 1] as number;
    }
  }

  /** @returns the instruction to go on at; -1 where all has been tried */
  #backtrack(bottom: number): number {
    while (this.#top > bottom) {
      this.#top -= 2;
      const pc = stack[this.#top] as number;
      if (pc >= 0) return pc;
      this.#slots[~pc] = stack[this.#top + 1] as number;
    }
    return -1;
  }

  #push(what: number, value: number): void {
    if (this.#top + 2 > stack.length) {
      const larger = new Int32Array(2 * stack.length);
      larger.set(stack);
      stack = larger;
    }
    stack[this.#top] = what;
    stack[this.#top + 1] = value;
    this.#top += 2;
  }

  #isNew(pc: number, at: number): boolean {
    const bit = (this.#program.splitIndex[pc] as number) * (this.#text.length + 1) + at;
    const word = tried[bit >>> 5] as number;
    const mask = 1 << (bit & 31);
    tried[bit >>> 5] = word | mask;
    return (word & mask) === 0;
  }
}

function isWord(text: string, at: number): boolean {
  return at >= 0 && at < text.length && WORD.has(text.charCodeAt(at));
}
