/** How values of the ConfigMap are written. */
import { FormatError } from '../../../errors.ts';
import { AddressRanges } from '../../../formats/address-ranges.ts';
import { isToken } from '../../../formats/http/token.ts';
import type { ServiceRef } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False', '']);
/** So many elements of a list are read: what one ConfigMap costs has a bound. */
const MOST_ELEMENTS = 1_000;
const CONFIG_MAP = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/;
/** A day: no request waits longer. */
const MOST_SECONDS = 86_400;

/** As Go reads it; an empty one is false there. @throws FormatError */
export function flag(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new FormatError(`${quote(text)} is neither "true" nor "false"`);
}

/** @throws FormatError */
export function count(text: string, least: number, most: number): number {
  const number = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new FormatError(`${quote(text)} must be a whole number from ${least} to ${most}`);
}

/** Whole seconds without a unit. @returns milliseconds @throws FormatError */
export function bareSeconds(text: string): number {
  if (/^\d+(?:ms|s|m|h)$/.test(text.trim()))
    throw new FormatError(`${quote(text)} must be whole seconds without a unit, as in "60"`);
  return count(text, 1, MOST_SECONDS) * 1_000;
}

/** Elements between commas; empty ones count as nothing. @throws FormatError */
export function list(text: string): readonly string[] {
  const elements = text.split(',').map(element => element.trim());
  if (elements.length > MOST_ELEMENTS)
    throw new FormatError(`has ${elements.length} elements, and ${MOST_ELEMENTS} are read`);
  return elements.filter(element => element !== '');
}

/** @throws FormatError */
export function ranges(text: string): readonly string[] {
  return new AddressRanges(list(text)).ranges;
}

/** @throws FormatError */
export function headerNames(text: string): readonly string[] {
  const names = list(text);
  const wrong = names.find(name => !isToken(name));
  if (wrong !== undefined) throw new FormatError(`${quote(wrong)} is no name of a header`);
  return names;
}

/** @throws FormatError */
export function statuses(text: string): readonly number[] {
  return list(text).map(status => count(status, 300, 599));
}

/** One of some words. @throws FormatError */
export function word<const T extends string>(text: string, words: readonly T[]): T {
  const found = words.find(one => one === text);
  if (found !== undefined) return found;
  throw new FormatError(`${quote(text)} must be one of ${words.map(one => quote(one)).join(', ')}`);
}

/** A name of a ConfigMap, `namespace/name`; empty: none. @throws FormatError */
export function configMapName(text: string): ServiceRef | undefined {
  if (text.trim() === '') return undefined;
  const [, namespace, name] = CONFIG_MAP.exec(text.trim()) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new FormatError(`${quote(text)} must name a ConfigMap as in "ingress-nginx/headers"`);
}
