/** How long answers of an auth service are kept. */
import { FormatError } from '../../../errors.ts';
import type { AuthUrlPolicy, VariableText } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import { LONGEST_CACHING_MS, parseParts } from '../../policies/auth-url.ts';
import type { AuthSource } from './auth-source.ts';

type Cache = NonNullable<AuthUrlPolicy['cache']>;

const DEFAULT_KEPT = '200 202 401 5m';
/** nginx keeps these where none is named. Of those that let a request pass, only the first comes from an auth service. */
const UNNAMED = [200, 301, 302];
/** The statuses with a meaning. */
const ANY = [200, 201, 202, 203, 204, 205, 206, 401, 403];
const MOST_RULES = 16;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** @returns undefined where nothing is kept */
export function readCache(source: AuthSource): Cache | undefined {
  const kept = source.require('auth-cache-duration', parseKept) ?? parseKept(DEFAULT_KEPT);
  const key = source.read('auth-cache-key', parseKey);
  return key === undefined ? undefined : { key, kept };
}

/** `200 202 10m, 401 1m`, as nginx's proxy_cache_valid reads each. @throws FormatError */
export function parseKept(text: string): Cache['kept'] {
  const rules = text
    .split(',')
    .map(rule => rule.trim())
    .filter(rule => rule !== '');
  if (rules.length > MOST_RULES) throw new FormatError(`${rules.length} durations are more than ${MOST_RULES}`);
  return rules.map(readRule);
}

function readRule(rule: string): Cache['kept'][number] {
  const statuses: number[] = [];
  let durationMs: number | undefined;
  for (const word of rule.split(/\s+/)) {
    const [, number, unit = ''] = /^(\d{1,9})(ms|[smhdwMy])$/.exec(word) ?? [];
    if (number !== undefined) durationMs = (durationMs ?? 0) + Number(number) * (UNIT_MS[unit] ?? 0);
    else if (durationMs === undefined && word === 'any') statuses.push(...ANY);
    else if (durationMs === undefined && /^[1-5]\d\d$/.test(word)) statuses.push(Number(word));
    else throw new FormatError(`${quote(rule)} is not STATUSES DURATION, as in "${DEFAULT_KEPT}"`);
  }
  if (durationMs === undefined)
    throw new FormatError(`${quote(rule)} has no duration: write one, as in "${DEFAULT_KEPT}"`);
  return {
    statuses: statuses.length === 0 ? UNNAMED : statuses,
    durationMs: Math.min(durationMs, LONGEST_CACHING_MS),
  };
}

/** The name of the user is part of Authorization, which tells at least as many clients apart. @throws FormatError */
function parseKey(text: string): VariableText {
  return parseParts(text.replaceAll(/\$(?:\{remote_user\}|remote_user(?!\w))/g, '$${http_authorization}'), 'the key');
}
