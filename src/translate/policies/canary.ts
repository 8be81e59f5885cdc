/** The annotations that make a Service the canary of another: it takes some of the requests to the routes of that Service. */
import { FormatError } from '../../errors.ts';
import type { CanaryRule } from '../../model/route.ts';
import { quote } from '../../text/quote.ts';
import { readCookieName } from '../cookie-affinity.ts';
import { parseServiceReference } from '../service-reference.ts';
import type { PolicyRow } from './policy-definition.ts';

export const CANARY_EXAMPLE = 'weight=10 header=X-Canary';

/** They are no policy of the Service's own routes. */
export const CANARY_ROWS = [
  {
    name: 'canary-of',
    nginx: ['canary'],
    value: 'the name of another Service of the same namespace',
    help: 'Makes this Service the canary of that one: it takes some of the requests to its routes, and needs no path.',
    example: 'shop',
  },
  {
    name: 'canary',
    nginx: ['canary-weight', 'canary-by-header', 'canary-by-header-value', 'canary-by-cookie'],
    value: 'weight=PERCENT, header=NAME, header=NAME:VALUE, cookie=NAME; several at once, separated by spaces',
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

/** RFC 9110 section 5.1. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
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
    if (key === 'weight') rule.weight = parseWeight(value);
    else if (key === 'header') Object.assign(rule, parseHeader(value));
    else if (key === 'cookie') rule.cookie = readCookieName(value);
    else throw new FormatError(`${quote(part)} must be weight=…, header=… or cookie=…, as in "${CANARY_EXAMPLE}"`);
  }
  if (seen.size === 0)
    throw new FormatError(`is empty: say which requests the canary takes, as in "${CANARY_EXAMPLE}"`);
  return rule;
}

function parseWeight(text: string): number {
  const number = /^\d{1,3}%?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (number <= 100) return number;
  throw new FormatError(`weight=${quote(text)} must be a whole number from 0 to 100`);
}

function parseHeader(text: string): Pick<CanaryRule, 'header' | 'headerValue'> {
  const end = text.indexOf(':');
  const name = end < 0 ? text : text.slice(0, end);
  if (!HEADER_NAME.test(name)) throw new FormatError(`header=${quote(text)}: ${quote(name)} is no name of a header`);
  const headerValue = end < 0 ? '' : text.slice(end + 1);
  if (end >= 0 && headerValue === '') throw new FormatError(`header=${quote(text)} has no value behind its colon`);
  return { header: name.toLowerCase(), headerValue };
}
