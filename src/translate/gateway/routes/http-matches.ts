/** The paths, and the conditions, of the matches of HTTPRoutes and GRPCRoutes. Pure. */
import type { Place, RequestConditions, ValueCondition } from '../../../model/route.ts';
import type { HttpMatch, ValueMatch } from '../../../resources/gateway/gateway-object.ts';
import { normalisePath, upperCaseEscapes } from '../../../routing/path.ts';
import { quote } from '../../../text/quote.ts';
import { MAX_PATH_BYTES } from '../../annotations.ts';
import { checkPattern } from './patterns.ts';
import type { Narrowness } from './rank.ts';
import { RuleFault } from './rule-fault.ts';

export type Turn = 0 | 1 | 2;

/** One match of a rule: which requests it takes on a host. */
export interface MatchPlace extends Pick<Place, 'path' | 'match'> {
  readonly conditions: RequestConditions | undefined;
  readonly narrowness: Narrowness;
  /** Of matches for one host, those with a later turn are asked when all with an earlier one have not matched; absent: 0. */
  readonly turn?: Turn;
}

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

/** RFC 3986 section 3.3: the characters of a path, and escapes. */
const PATH = /^\/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/;
/** What no request has once its path is normalised, and what is read in two ways. */
const ODD_PART = /\/\/|\/(?:\.|%2e){1,2}(?=\/|$)|%2f|%00/i;

/** @throws RuleFault */
export function readHttpMatch({ path, headers, queryParams, method }: HttpMatch): MatchPlace {
  if (method !== undefined && !METHODS.has(method)) throw new RuleFault(`the method ${quote(method)} is not known`);
  const read = { headers: readHeaders(headers), query: readQuery(queryParams) };
  return {
    ...readPath(path),
    conditions: conditionsOf(method, read.headers, read.query),
    narrowness: {
      hasMethod: method !== undefined,
      headers: read.headers.length,
      query: read.query.length,
    },
  };
}

/** Undefined where all requests meet them. */
export function conditionsOf(
  method: string | undefined,
  headers: readonly ValueCondition[],
  query: readonly ValueCondition[],
): RequestConditions | undefined {
  if (method === undefined && headers.length === 0 && query.length === 0) return undefined;
  return {
    ...(method !== undefined && { method }),
    ...(headers.length > 0 && { headers }),
    ...(query.length > 0 && { query }),
  };
}

/** Of a header that stands twice, the first counts. @throws RuleFault */
export function readHeaders(matches: readonly ValueMatch[]): ValueCondition[] {
  return readValues(
    'header',
    matches.map(match => ({ ...match, name: match.name.toLowerCase() })),
  );
}

function readQuery(matches: readonly ValueMatch[]): ValueCondition[] {
  return readValues('query parameter', matches);
}

function readValues(what: string, matches: readonly ValueMatch[]): ValueCondition[] {
  const values = new Map<string, ValueCondition>();
  for (const { type, name, value } of matches) {
    if (values.has(name)) continue;
    if (type === 'Exact') values.set(name, { name, value });
    else if (type === 'RegularExpression') {
      checkPattern(`the ${what} ${name}`, value);
      values.set(name, { name, value, isPattern: true });
    } else throw new RuleFault(`the ${what} ${name}: the type ${quote(type)} is not known`);
  }
  return [...values.values()];
}

function readPath({ type, value }: HttpMatch['path']): Pick<Place, 'path' | 'match'> {
  switch (type) {
    case 'Exact':
      return { path: readPlainPath(value), match: 'exact' };
    case 'PathPrefix': {
      const path = readPlainPath(value);
      return { path: path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path };
    }
    case 'RegularExpression':
      checkPattern(`the path ${quote(value)}`, value);
      return { path: value, match: 'regex' };
    default:
      throw new RuleFault(`the path type ${quote(type)} is not known`);
  }
}

/** @returns as requests are compared with it @throws RuleFault for what the API forbids */
function readPlainPath(value: string): string {
  const fail = (why: string): never => {
    throw new RuleFault(`the path ${quote(value)} ${why}`);
  };
  if (!value.startsWith('/')) fail('must start with a slash');
  if (value.length > MAX_PATH_BYTES) fail(`is longer than ${MAX_PATH_BYTES} characters`);
  if (!PATH.test(value)) fail('holds a character that a path has to escape');
  const part = ODD_PART.exec(value)?.[0];
  if (part !== undefined) fail(`must not hold ${part}`);
  const normal = normalisePath(value);
  return normal === undefined ? fail('cannot be the path of a request') : upperCaseEscapes(normal);
}
