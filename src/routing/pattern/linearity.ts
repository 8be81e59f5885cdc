import { BOUNDARY, BYTE, END, JUMP, LOOKAHEAD, MATCH, type Program, SAVE, SET, SPLIT, START } from './program.ts';

/** Bounds of the proof. A program that goes beyond one of them counts as not proven. */
const MAX_WAYS = 200;
const MAX_SITUATIONS = 200;
const MAX_WORK = 30_000;
const MAX_COUNT = 16;

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
type Situation = ReadonlyMap<number, number>;

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
  readonly #ways = new Map<number, Ways>();
  #work = 0;

  constructor(program: Program) {
    this.#program = program;
  }

  stepsPerByte(): number {
    const bytes = representativeBytes(this.#program);
    // A search begins at each place of the text, until it has found something.
    const restart = this.#waysFrom(0, false);
    const first = new Map<number, number>();
    for (const taker of this.#waysFrom(0, true).takers) this.#count(first, taker, 1);
    const situations = new Map([[keyOf(first), first as Situation]]);
    let most = restart.steps;
    // A map goes on to what is added while it is walked through.
    for (const situation of situations.values()) {
      for (const byte of bytes) {
        const next = new Map<number, number>();
        for (const taker of restart.takers) this.#count(next, taker, 1);
        most = Math.max(most, restart.steps + this.#advance(situation, byte, next));
        situations.set(keyOf(next), next);
        if (situations.size > MAX_SITUATIONS) throw new NotProven();
      }
    }
    return most;
  }

  /** @returns the steps that a byte takes */
  #advance(situation: Situation, byte: number, next: Map<number, number>): number {
    let steps = 0;
    for (const [taker, count] of situation) {
      this.#spend(1);
      steps += count;
      if (!this.#program.takes(taker, byte)) continue;
      const ways = this.#from(taker + 1);
      const arrivals = ways.isSure ? 1 : count;
      steps += arrivals * ways.steps;
      for (const then of ways.takers) this.#count(next, then, arrivals);
    }
    return steps;
  }

  #count(counts: Map<number, number>, taker: number, more: number): void {
    this.#spend(1);
    const count = (counts.get(taker) ?? 0) + more;
    if (count > MAX_COUNT) throw new NotProven();
    counts.set(taker, count);
  }

  #from(pc: number): Ways {
    let ways = this.#ways.get(pc);
    if (ways === undefined) {
      ways = this.#waysFrom(pc, false);
      this.#ways.set(pc, ways);
    }
    return ways;
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

function keyOf(situation: Situation): string {
  return [...situation]
    .sort(([a], [b]) => a - b)
    .flat()
    .join();
}

/** One byte for each kind: bytes of one kind are taken by the same instructions. */
function representativeBytes(program: Program): number[] {
  const takers = new Map<number, number>();
  for (const [at, operation] of program.operations.entries()) {
    // The operand tells sets apart, and bytes; a byte is never as large as this.
    if (operation === BYTE) takers.set(-1 - (program.x[at] as number), at);
    else if (operation === SET) takers.set(program.x[at] as number, at);
  }
  const kinds = new Map<string, number>();
  for (let byte = 0; byte < 256; byte += 1) {
    let kind = '';
    for (const at of takers.values()) kind += program.takes(at, byte) ? '1' : '0';
    kinds.set(kind, byte);
  }
  return [...kinds.values()];
}
