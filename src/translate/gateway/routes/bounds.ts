/** What one route may cost. Pure. */
import type { GrpcRouteRule, HttpRouteRule, ValueMatch } from '../../../resources/gateway/gateway-object.ts';
import type { Refusal } from './attachment.ts';
import type { ServedAt } from './served-routes.ts';

/** The API allows no more. */
const MOST_MATCHES = 128;
/** Of all patterns of a route together: reading them takes longest. */
const MOST_PATTERN_TEXT = 16_384;
/** Its matches on all hosts of all its listeners. */
const MOST_PLACES = 10_000;

/** Why the matches of a route are not read; undefined: they are. */
export function excessOfMatches(rules: readonly (HttpRouteRule | GrpcRouteRule)[]): Refusal | undefined {
  const count = countOf(rules);
  if (count > MOST_MATCHES)
    return excess(`its rules have ${count} matches, and ${MOST_MATCHES} of one route are served: split it`);
  let text = 0;
  for (const { matches } of rules) {
    for (const match of matches) for (const pattern of patternsOf(match)) text += pattern.length;
  }
  if (text <= MOST_PATTERN_TEXT) return undefined;
  return excess(`its patterns have ${text} characters together, and ${MOST_PATTERN_TEXT} are read: split the route`);
}

/** Why a route is served nowhere; undefined: it is. */
export function excessOfPlaces(
  rules: readonly { readonly matches: readonly unknown[] }[],
  servedAt: ServedAt,
): Refusal | undefined {
  const count = countOf(rules);
  const hosts = [...servedAt.values()].reduce((sum, { length }) => sum + length, 0);
  if (count * hosts <= MOST_PLACES) return undefined;
  return excess(`${count} matches on ${hosts} hosts of listeners are more than ${MOST_PLACES}: split the route`);
}

function countOf(rules: readonly { readonly matches: readonly unknown[] }[]): number {
  return rules.reduce((sum, { matches }) => sum + matches.length, 0);
}

function excess(message: string): Refusal {
  return { reason: 'UnsupportedValue', message };
}

function* patternsOf(match: (HttpRouteRule | GrpcRouteRule)['matches'][number]): Generator<string> {
  const values: readonly ValueMatch[] =
    'queryParams' in match ? [...match.headers, ...match.queryParams] : match.headers;
  for (const { type, value } of values) if (type === PATTERN) yield value;
  if ('path' in match && match.path.type === PATTERN) yield match.path.value;
  if ('method' in match && typeof match.method === 'object' && match.method.type === PATTERN)
    yield `${match.method.service ?? ''}${match.method.method ?? ''}`;
}

const PATTERN = 'RegularExpression';
