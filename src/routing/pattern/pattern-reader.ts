import { FormatError } from '../../errors.ts';

const MAX_SHOWN = 100;

/** Reads the text of a pattern from its start to its end. */
export class PatternReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character, which stays; empty at the end. */
  get next(): string {
    return this.text.charAt(this.at);
  }

  take(): string {
    this.at += 1;
    return this.text.charAt(this.at - 1);
  }

  /** Takes `expected` where it is what comes next. */
  takeIf(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  /** Takes what `expression` finds here. @param expression with the flag `y` */
  takeMatch(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const match = expression.exec(this.text);
    if (match === null) return undefined;
    this.at += match[0].length;
    return match;
  }

  /** @param from where the part begins that cannot be taken */
  refuse(reason: string, from: number): never {
    const { text } = this;
    // Messages go to terminals and Events: only the beginning of a long text, and no character that a terminal would obey.
    const shown = (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text).replace(/[^ -~]/g, '?');
    throw new FormatError(`pattern "${shown}", character ${from + 1}: ${reason}`);
  }
}
