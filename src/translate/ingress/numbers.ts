/** Numbers and words, as annotations write them. */
import { FormatError } from '../../errors.ts';
import { notOneOf } from '../../text/one-of.ts';
import { quote } from '../../text/quote.ts';

/** A day: no request waits longer. */
const MOST_SECONDS = 86_400;

/** @throws FormatError */
export function parseCount(text: string, least: number, most: number): number {
  const number = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new FormatError(`${quote(text)} must be a whole number from ${least} to ${most}`);
}

/** Whole seconds without a unit. @returns milliseconds @throws FormatError */
export function parseBareSeconds(text: string): number {
  if (/^\d+(?:ms|s|m|h)$/.test(text.trim()))
    throw new FormatError(`${quote(text)} must be whole seconds without a unit, as in "60"`);
  return parseCount(text, 1, MOST_SECONDS) * 1_000;
}

/** @throws FormatError */
export function parseWord<const T extends string>(text: string, words: readonly T[]): T {
  const word = words.find(one => one === text);
  if (word === undefined) throw new FormatError(notOneOf(text, words));
  return word;
}
