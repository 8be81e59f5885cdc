import { lengthBits } from '../pipeline/ports.ts';

const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;
/** From a capital to its letter. */
const CASE = 0x20;
const HYPHEN = 0x2d;
const UNDERSCORE = 0x5f;

/** A few header names, with which others are compared where they stand: that makes no text, and looks nothing up. */
export class NameSet {
  /** As `lengths` of FieldEdits. */
  readonly lengths: number;
  readonly #names: readonly string[];
  readonly #takesAliases: boolean;

  /**
   * @param names in lower case
   * @param takesAliases a name with underscores counts as the name with hyphens, which the given ones have
   */
  constructor(names: readonly string[], takesAliases = false) {
    this.#names = names;
    this.#takesAliases = takesAliases;
    this.lengths = lengthBits(names);
  }

  /** Whether the name is one of them that stands in the text from `start` to `end`, in whatever case. */
  has(text: string, start: number, end: number): boolean {
    for (const name of this.#names) if (name.length === end - start && this.#is(name, text, start)) return true;
    return false;
  }

  #is(name: string, text: string, start: number): boolean {
    for (let index = 0; index < name.length; index += 1) {
      let code = text.charCodeAt(start + index);
      if (code >= CAPITAL_A && code <= CAPITAL_Z) code += CASE;
      else if (code === UNDERSCORE && this.#takesAliases) code = HYPHEN;
      if (code !== name.charCodeAt(index)) return false;
    }
    return true;
  }
}
