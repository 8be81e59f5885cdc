/** Label selectors as the Kubernetes API reads them (k8s.io/apimachinery/pkg/labels). */
import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';

const SYMBOLS = ['==', '!=', '=', '!', '<', '>', '(', ')', ','] as const;
const COMPARISONS: ReadonlySet<string> = new Set(['=', '==', '!=', 'in', 'notin', '<', '>']);

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST_SUBDOMAIN = 253;

/** Up to the next symbol or space; at the end, nothing. */
const WORD = /[^ \t\r\n=!<>(),]*/y;

/** Where the end is looked for, nothing is found. */
const END = '';

/**
 * Checks what the API server would refuse. The text itself is what is sent.
 * @throws FormatError that says at which word it goes wrong
 */
export function checkLabelSelector(text: string): void {
  const words = new Words(text);
  if (words.next === END) return;
  do readRequirement(words);
  while (words.take(','));
  if (words.next !== END) throw words.unexpected('a comma or the end');
}

function readRequirement(words: Words): void {
  const isNegated = words.take('!');
  checkKey(words, words.identifier('a label'));
  if (isNegated || words.next === ',' || words.next === END) return;
  const operator = words.next;
  if (!COMPARISONS.has(operator)) throw words.unexpected('=, ==, !=, in, notin, < or >');
  words.take(operator);
  if (operator === 'in' || operator === 'notin') readSet(words);
  else if (operator === '<' || operator === '>') checkNumber(words, words.identifier('a number'));
  else if (words.next !== ',' && words.next !== END) checkValue(words, words.identifier('a value'));
}

/** Values may be empty: `a in ()` is `a in ("")`. */
function readSet(words: Words): void {
  if (!words.take('(')) throw words.unexpected('(');
  do {
    if (words.next !== ',' && words.next !== ')') checkValue(words, words.identifier('a value'));
  } while (words.take(','));
  if (!words.take(')')) throw words.unexpected('a comma or )');
}

function checkKey(words: Words, key: string): void {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const isPrefix = prefix === undefined || (prefix.length <= LONGEST_SUBDOMAIN && SUBDOMAIN.test(prefix));
  if (isPrefix && NAME.test(key.slice(slash + 1))) return;
  throw words.wrong(
    `${quote(key)} is not the key of a label: letters, digits, -, _ and ., at most 63, perhaps after a domain and /`,
  );
}

function checkValue(words: Words, value: string): void {
  if (NAME.test(value)) return;
  throw words.wrong(`${quote(value)} is not the value of a label: letters, digits, -, _ and ., at most 63`);
}

function checkNumber(words: Words, value: string): void {
  // A value of a label has no sign.
  checkValue(words, value);
  if (!/^\d+$/.test(value) || BigInt(value) >= 2n ** 63n) throw words.wrong(`${quote(value)} is not a whole number`);
}

class Words {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipSpace();
  }

  /** The word that is read next. */
  get next(): string {
    const symbol = SYMBOLS.find(candidate => this.#text.startsWith(candidate, this.#position));
    if (symbol !== undefined) return symbol;
    WORD.lastIndex = this.#position;
    return WORD.exec(this.#text)?.[0] ?? END;
  }

  take(word: string): boolean {
    if (this.next !== word) return false;
    this.#position += word.length;
    this.#skipSpace();
    return true;
  }

  /** A word of its own, not a symbol: `in` may also be the key or the value of a label. */
  identifier(what: string): string {
    const { next } = this;
    if (next === END || SYMBOLS.some(symbol => symbol === next)) throw this.unexpected(what);
    this.take(next);
    return next;
  }

  unexpected(wanted: string): FormatError {
    const { next } = this;
    return this.wrong(`${wanted} is expected ${next === END ? 'at the end' : `where ${quote(next)} stands`}`);
  }

  wrong(why: string): FormatError {
    return new FormatError(`${quote(this.#text)} is not a label selector, as in "app=web,tier in (a,b)": ${why}`);
  }

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text.charAt(this.#position))) this.#position += 1;
  }
}
