import { FormatError } from '../../errors.ts';
import type { Captures } from './pattern.ts';

/** A text with `$1` to `$9` in it, which stand for what the groups of a pattern have captured. */
export class Template {
  /** One more than {@link #groups}: the first stands before all of them. */
  readonly #literals: readonly string[];
  readonly #groups: readonly number[];

  /**
   * @param groups how many the pattern has
   * @param missing what a group is that it lacks: `empty`, as in nginx, or `refused`
   * @throws FormatError
   */
  constructor(text: string, groups: number, missing: 'empty' | 'refused' = 'refused') {
    const literals: string[] = [];
    const used: number[] = [];
    let at = 0;
    for (const { index, 0: reference, 1: digit } of text.matchAll(/\$(?:([1-9])|\w*)/g)) {
      if (digit === undefined) {
        throw new FormatError(
          `${reference} is no group: write $1 to $9 for the groups of the pattern, %24 for the character $`,
        );
      }
      const group = Number(digit);
      if (group > groups && missing === 'refused')
        throw new FormatError(`$${group} names no group: the pattern has ${groups}`);
      literals.push(text.slice(at, index));
      used.push(group);
      at = index + reference.length;
    }
    this.#literals = [...literals, text.slice(at)];
    this.#groups = used;
  }

  /**
   * @param write how a captured text is written here
   * @param most characters that the result may have
   * @returns undefined where it would have more
   */
  expand(captures: Captures, write: (text: string) => string, most: number): string | undefined {
    let text = this.#literals[0] as string;
    for (const [index, group] of this.#groups.entries()) {
      text += write(captures[group] ?? '') + (this.#literals[index + 1] as string);
      if (text.length > most) return undefined;
    }
    return text;
  }
}
