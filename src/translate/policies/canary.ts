/** The annotations that make a Service the canary of another: it takes some of the requests to the routes of that Service. */
import { FormatError } from '../../errors.ts';
import { isToken } from '../../formats/http/token.ts';
import type { CanaryRule } from '../../model/route.ts';
import { compilePattern } from '../../routing/pattern/compile-pattern.ts';
import { quote } from '../../text/quote.ts';
import { readCookieName } from '../cookie-affinity.ts';
import { parseServiceReference } from '../service-reference.ts';
import type { PolicyRow } from './policy-definition.ts';

export const CANARY_EXAMPLE = 'weight=10 header=X-Canary';
/** More of them would not be told apart from the whole. */
const MOST_TOTAL = 1_000_000;

/** They are no policy of the Service's own routes. */
export const CANARY_ROWS = [
  {
    name: 'canary-of',
    nginx: ['canary'],
    value: 'the name of another Service of the same namespace',
    help:
      'Makes this Service the canary of that one: it takes some of the requests to its routes, and needs no path. Its own annotations say how ' +
      'its endpoints are balanced, and not those of that one; only affinity is as there unless it says otherwise.',
    example: 'shop',
  },
  {
    name: 'canary',
    nginx: [
      ...['canary-weight', 'canary-weight-total', 'canary-by-header', 'canary-by-header-value'],
      ...['canary-by-header-pattern', 'canary-by-cookie'],
    ],
    value:
      'weight=PERCENT or weight=PART/WHOLE, header=NAME, header=NAME:VALUE or header=NAME~PATTERN, cookie=NAME; several at once, ' +
      'separated by spaces',
    help: 'Which requests the canary takes: the header decides before the cookie, and the cookie before the weight.',
    example: CANARY_EXAMPLE,
  },
] as const satisfies readonly PolicyRow[];

/** @param own the name of the canary @throws FormatError */
export function parsePrimary(text: string, own: string): string {
  const { name, port } = parseServiceReference(text.trim());
  if (port !== undefined)
    throw new FormatError(`${quote(text)}: name the Service alone: a canary takes of all its routes`);
  if (name === own) throw new FormatError(`${quote(text)}: a Service cannot be its own canary: name another one`);
  return name;
}

const MOST_LENGTH = 1024;

/** @throws FormatError */
export function parseCanaryRule(text: string): CanaryRule {
  if (text.length > MOST_LENGTH) throw new FormatError(`is longer than ${MOST_LENGTH} characters`);
  const rule = { weight: 0, header: '', headerValue: '', cookie: '', keepsBound: true as const };
  const seen = new Set<string>();
  for (const part of text.split(/[\s,]+/).filter(one => one !== '')) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    if (seen.has(key)) throw new FormatError(`${quote(text)} says ${key} twice`);
    seen.add(key);
    if (key === 'weight') Object.assign(rule, parseWeight(value));
    else if (key === 'header') Object.assign(rule, parseHeader(value));
    else if (key === 'cookie') rule.cookie = readCookieName(value);
    else throw new FormatError(`${quote(part)} must be weight=…, header=… or cookie=…, as in "${CANARY_EXAMPLE}"`);
  }
  if (seen.size === 0)
    throw new FormatError(`is empty: say which requests the canary takes, as in "${CANARY_EXAMPLE}"`);
  return rule;
}

function parseWeight(text: string): Pick<CanaryRule, 'weight' | 'weightTotal'> {
  const [, part = '', whole] = /^(\d{1,7})(?:%|\/(\d{1,7}))?$/.exec(text) ?? [];
  const weight = part === '' ? Number.NaN : Number(part);
  if (whole === undefined) {
    if (weight <= 100) return { weight };
    throw new FormatError(`weight=${quote(text)} must be a whole number from 0 to 100`);
  }
  const weightTotal = Number(whole);
  if (weightTotal >= 1 && weightTotal <= MOST_TOTAL && weight <= weightTotal) return { weight, weightTotal };
  throw new FormatError(`weight=${quote(text)} must be a part of a whole from 1 to ${MOST_TOTAL}, as in 1/1000`);
}

function parseHeader(text: string): Pick<CanaryRule, 'header' | 'headerValue' | 'headerPattern'> {
  const end = text.search(/[:~]/);
  const name = end < 0 ? text : text.slice(0, end);
  if (!isToken(name)) throw new FormatError(`header=${quote(text)}: ${quote(name)} is no name of a header`);
  const header = name.toLowerCase();
  if (end < 0) return { header, headerValue: '' };
  const value = text.slice(end + 1);
  const isValue = text[end] === ':';
  const missing = isValue ? 'value behind its colon' : 'pattern behind its tilde';
  if (value === '') throw new FormatError(`header=${quote(text)} has no ${missing}`);
  return isValue ? { header, headerValue: value } : { header, headerValue: '', headerPattern: checkPattern(value) };
}

/** @returns it as it is @throws FormatError */
export function checkPattern(text: string): string {
  compilePattern(text);
  return text;
}
