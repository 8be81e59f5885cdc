import { BOUNDARY, BYTE, END, JUMP, LOOKAHEAD, MATCH, type Program, SAVE, SET, SPLIT, START } from './program.ts';

/** Bounds of the proof. A program that goes beyond one of them counts as not proven. */
const MAX_WAYS = 200;
const MAX_SITUATIONS = 200;
const MAX_WORK = 30_000;
const MAX_COUNT = 16;
/** Of keeping a situation, beside that of counting it. */
const SETTLE_WORK = 4;

/** Where a program may go from one instruction without taking a byte. */
interface Ways {
  /** The instructions that take the next byte; one that can be reached in two ways stands here twice. */
  readonly takers: readonly number[];
  /** Instructions on all ways. */
  readonly steps: number;
  /** From here it matches, whatever follows. */
  readonly isSure: boolean;
}

/** How many threads of a backtracking search come to each instruction that takes a byte, at one place of the text. */
interface Situation {
  readonly takers: readonly number[];
  /** Of each of {@link takers}. */
  readonly counts: readonly number[];
}

/**
 * Proves that a backtracking search, such as that of RegExp, is linear in the length of a text. Such a search comes to an
 * instruction at a place of the text once for each way to get there. The proof counts these ways, for all texts at once: it
 * goes from situation to situation by every byte, until it has seen them all. Where the counts stay small, the search takes
 * a bounded number of steps at each byte; where they grow with the text, the search would, too, and nothing is proven.
 *
 * A search never goes back behind an instruction from which it matches whatever follows, so one way to it is all there is.
 *
 * @returns the most steps that it takes at one byte; undefined where that is not proven
 */
export function stepsPerByte(program: Program): number | undefined {
  if (program.operations.includes(LOOKAHEAD)) return undefined;
  const proof = new Proof(program);
  try {
    return proof.stepsPerByte();
  } catch (error) {
    if (error instanceof NotProven) return undefined;
    throw error;
  }
}

class NotProven extends Error {}

class Proof {
  readonly #program: Program;
  readonly #ways: (Ways | undefined)[] = [];
  #work = 0;
  /** The situation that is being counted together, by instruction. Each count fits a byte. */
  readonly #counts: Buffer;
  /** The instructions with a count. */
  #counted: number[] = [];
  readonly #seen = new Set<string>();
  readonly #situations: Situation[] = [];

  constructor(program: Program) {
    this.#program = program;
    this.#counts = Buffer.alloc(program.operations.length);
  }

  stepsPerByte(): number {
    const bytes = representativeBytes(this.#program);
    // A search begins at each place of the text, until it has found something.
    const restart = this.#waysFrom(0, false);
    for (const taker of this.#waysFrom(0, true).takers) this.#count(taker, 1);
    this.#settle();
    let most = restart.steps;
    // An array goes on to what is added while it is walked through.
    for (const situation of this.#situations) {
      for (const byte of bytes) {
        for (const taker of restart.takers) this.#count(taker, 1);
        most = Math.max(most, restart.steps + this.#advance(situation, byte));
        this.#settle();
      }
    }
    return most;
  }

  /** @returns the steps that a byte takes */
  #advance({ takers, counts }: Situation, byte: number): number {
    let steps = 0;
    for (let index = 0; index < takers.length; index += 1) {
      const taker = takers[index] as number;
      const count = counts[index] as number;
      this.#spend(1);
      steps += count;
      if (!this.#program.takes(taker, byte)) continue;
      const ways = this.#from(taker + 1);
      const arrivals = ways.isSure ? 1 : count;
      steps += arrivals * ways.steps;
      for (const then of ways.takers) this.#count(then, arrivals);
    }
    return steps;
  }

  #count(taker: number, more: number): void {
    this.#spend(1);
    const before = this.#counts[taker] as number;
    if (before + more > MAX_COUNT) throw new NotProven();
    if (before === 0) this.#counted.push(taker);
    this.#counts[taker] = before + more;
  }

  /** What has been counted is a situation: it is looked into if it is new. */
  #settle(): void {
    const key = this.#counts.toString('latin1');
    const takers = this.#counted;
    if (!this.#seen.has(key)) {
      if (this.#seen.size === MAX_SITUATIONS) throw new NotProven();
      this.#seen.add(key);
      this.#situations.push({ takers, counts: takers.map(taker => this.#counts[taker] as number) });
      this.#counted = [];
    }
    for (const taker of takers) this.#counts[taker] = 0;
    this.#counted.length = 0;
    this.#spend(SETTLE_WORK);
  }

  #from(pc: number): Ways {
    this.#ways[pc] ??= this.#waysFrom(pc, false);
    return this.#ways[pc] as Ways;
  }

  /** In the order of a search. It ends where one way surely matches: a search tries none behind it. */
  #waysFrom(begin: number, isAtStart: boolean): Ways {
    const { operations, x, y } = this.#program;
    const takers: number[] = [];
    const open: { pc: number; isSure: boolean }[] = [{ pc: begin, isSure: true }];
    let steps = 0;
    for (let way = open.pop(); way !== undefined; way = open.pop()) {
      const { pc, isSure } = way;
      this.#spend(1);
      steps += 1;
      if (steps > MAX_WAYS) throw new NotProven();
      switch (operations[pc]) {
        case MATCH:
          if (isSure) return { takers, steps, isSure: true };
          break;
        case BYTE:
        case SET:
          takers.push(pc);
          break;
        case SPLIT:
          open.push({ pc: y[pc] as number, isSure }, { pc: x[pc] as number, isSure });
          break;
        case JUMP:
          open.push({ pc: x[pc] as number, isSure });
          break;
        case SAVE:
          open.push({ pc: pc + 1, isSure });
          break;
        case START:
          if (isAtStart) open.push({ pc: pc + 1, isSure });
          break;
        // Whether these let a search through depends on the text: it may, and it may not.
        case END:
        case BOUNDARY:
          open.push({ pc: pc + 1, isSure: false });
          break;
      }
    }
    return { takers, steps, isSure: false };
  }

  #spend(work: number): void {
    this.#work += work;
    if (this.#work > MAX_WORK) throw new NotProven();
  }
}

/** One byte for each kind: bytes of one kind are taken by the same instructions. */
function representativeBytes(program: Program): number[] {
  const { operations, x } = program;
  /** The kind of each byte, as far as the instructions so far tell them apart. */
  const kinds = new Uint16Array(256);
  let count = 1;
  const sets = new Map<number, number>();
  for (const [at, operation] of operations.entries()) if (operation === SET) sets.set(x[at] as number, at);
  for (const set of sets.values()) {
    const fresh = new Map<number, number>();
    for (let byte = 0; byte < 256; byte += 1) {
      if (program.takes(set, byte)) kinds[byte] = fresh.getOrInsertComputed(kinds[byte] as number, () => count++);
    }
  }
  for (const [at, operation] of operations.entries()) if (operation === BYTE) kinds[x[at] as number] = count++;
  return [...new Map(Array.from(kinds, (kind, byte) => [kind, byte])).values()];
}
