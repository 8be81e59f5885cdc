import type { CostBudget } from './cost-budget.ts';
import type { Machine } from './machine.ts';
import type { Captures, Pattern } from './pattern.ts';

/** Most steps that one match may take: a third of a millisecond, at 1 ns each in the worst case. */
export const MAX_REGEXP_STEPS = 300_000;

/** A pattern that RegExp runs, because it is proven how many steps RegExp takes at each byte. */
export class RegExpPattern implements Pattern {
  readonly groups: number;
  readonly #regexp: RegExp;
  readonly #longest: number;
  readonly #stepsPerByte: number;
  readonly #machine: Machine;

  /**
   * @param stepsPerByte as linearity.ts has proven it
   * @param machine for texts that could take RegExp too many steps: it counts them
   */
  constructor(regexp: RegExp, stepsPerByte: number, machine: Machine) {
    this.groups = machine.groups;
    this.#regexp = regexp;
    this.#stepsPerByte = stepsPerByte;
    this.#longest = MAX_REGEXP_STEPS / stepsPerByte;
    this.#machine = machine;
  }

  match(text: string, budget?: CostBudget): Captures | undefined {
    if (text.length >= this.#longest) return this.#machine.match(text, budget);
    budget?.charge(this.#stepsPerByte * (text.length + 1));
    return this.#regexp.exec(text)?.map(capture => capture ?? '');
  }
}
