/** nginx's configuration as text, read as nginx reads it (ngx_conf_read_token). What the directives mean is not judged. */
import { FormatError } from '../errors.ts';

/** One word of a directive, without its quotes. */
export interface NginxWord {
  readonly text: string;
  readonly isQuoted: boolean;
}

export interface NginxDirective {
  readonly name: string;
  readonly words: readonly NginxWord[];
  /** Counted from 1. */
  readonly line: number;
  /** What stands in its braces; undefined where it ends with a semicolon. */
  readonly block: readonly NginxDirective[] | undefined;
}

/** Bounds of what one text may cost. */
const LONGEST = 64 * 1024;
const MOST_DIRECTIVES = 500;
const MOST_WORDS = 100;
const DEEPEST = 4;

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' };

/** @throws FormatError naming the line */
export function parseNginxConfig(text: string): readonly NginxDirective[] {
  if (text.length > LONGEST) throw new FormatError(`${text.length} characters are more than ${LONGEST}`);
  return new Parser(text).directives(0);
}

class Parser {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #count = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Up to the end of the text, or of the block. */
  directives(depth: number): NginxDirective[] {
    if (depth > DEEPEST) this.#fail(`blocks lie more than ${DEEPEST} deep in one another`);
    const directives: NginxDirective[] = [];
    for (;;) {
      this.#skipBlanks();
      const next = this.#peek();
      if (next === '' || next === '}') {
        if ((next === '') !== (depth === 0))
          this.#fail(next === '' ? 'the block has no closing }' : 'there is a } too many');
        return directives;
      }
      directives.push(this.#directive(depth));
    }
  }

  #directive(depth: number): NginxDirective {
    const line = this.#line;
    this.#count += 1;
    if (this.#count > MOST_DIRECTIVES) this.#fail(`it has more than ${MOST_DIRECTIVES} directives`);
    const words: NginxWord[] = [];
    for (;;) {
      this.#skipBlanks();
      const next = this.#peek();
      if (next === ';' || next === '{') break;
      if (next === '' || next === '}') this.#fail('a directive has no ; at its end', line);
      if (words.length > MOST_WORDS) this.#fail(`a directive has more than ${MOST_WORDS} words`, line);
      words.push(this.#word());
    }
    const isBlock = this.#take() === '{';
    const [first, ...rest] = words;
    if (first === undefined) this.#fail(`there is a ${isBlock ? '{' : ';'} too many`, line);
    const block = isBlock ? this.directives(depth + 1) : undefined;
    if (isBlock) this.#take();
    return { name: (first as NginxWord).text, words: rest, line, block };
  }

  #word(): NginxWord {
    const quote = this.#peek();
    if (quote === '"' || quote === "'") {
      this.#take();
      return { text: this.#quoted(quote), isQuoted: true };
    }
    let text = '';
    for (;;) {
      const next = this.#peek();
      // A brace behind a dollar sign begins the name of a variable.
      if (next === '' || /[\s;]/.test(next) || (next === '{' && !text.endsWith('$'))) return { text, isQuoted: false };
      text += next === '\\' ? this.#escape() : this.#take();
    }
  }

  #quoted(quote: string): string {
    const line = this.#line;
    let text = '';
    while (this.#peek() !== quote) {
      if (this.#peek() === '') this.#fail(`the quote ${quote} has no end`, line);
      text += this.#peek() === '\\' ? this.#escape() : this.#take();
    }
    this.#take();
    if (!/^[\s;{)]?$/.test(this.#peek())) this.#fail(`a blank or a ; has to stand behind the closing quote`);
    return text;
  }

  /** A backslash stays before a character for which it means nothing here: regular expressions have many. */
  #escape(): string {
    this.#take();
    if (this.#peek() === '') this.#fail('there is a backslash at the end');
    const character = this.#take();
    return ESCAPES[character] ?? `\\${character}`;
  }

  #skipBlanks(): void {
    for (;;) {
      while (/^\s$/.test(this.#peek())) this.#take();
      if (this.#peek() !== '#') return;
      while (this.#peek() !== '' && this.#peek() !== '\n') this.#take();
    }
  }

  /** The next character, which stays; empty at the end. */
  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(): string {
    const character = this.#peek();
    if (character === '\n') this.#line += 1;
    this.#at += 1;
    return character;
  }

  #fail(what: string, line = this.#line): never {
    throw new FormatError(`line ${line}: ${what}`);
  }
}
