/** How values of the ConfigMap are written. */
import { FormatError } from '../../../errors.ts';
import { AddressRanges } from '../../../formats/address-ranges.ts';
import { readGoBool } from '../../../formats/go-bool.ts';
import { isToken } from '../../../formats/http/token.ts';
import type { ServiceRef } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';
import { parseCount } from '../numbers.ts';

/** So many elements of a list are read: what one ConfigMap costs has a bound. */
const MOST_ELEMENTS = 1_000;
const CONFIG_MAP = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/;

/** As Go reads it; an empty one is false there. @throws FormatError */
export function flag(text: string): boolean {
  const value = text === '' ? false : readGoBool(text);
  if (value !== undefined) return value;
  throw new FormatError(`${quote(text)} is neither "true" nor "false"`);
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
  return list(text).map(status => parseCount(status, 300, 599));
}

/** A name of a ConfigMap, `namespace/name`; empty: none. @throws FormatError */
export function configMapName(text: string): ServiceRef | undefined {
  if (text.trim() === '') return undefined;
  const [, namespace, name] = CONFIG_MAP.exec(text.trim()) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new FormatError(`${quote(text)} must name a ConfigMap as in "ingress-nginx/headers"`);
}
