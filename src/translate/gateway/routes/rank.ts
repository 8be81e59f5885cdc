/** Which of two routes for one host and path comes first, as a text whose plain order says it. Pure. */
import type { ServiceRef } from '../../../model/route.ts';

/** What makes one match narrower than another with the same path. */
export interface Narrowness {
  readonly hasMethod: boolean;
  readonly headers: number;
  readonly query: number;
}

/** What decides between routes that are equally narrow. */
export interface RouteAge extends ServiceRef {
  /** RFC 3339; empty where it has none. */
  readonly createdAt: string;
}

/** Of one rule of a route. @param rule its number @param match that of the match in it */
export function rankOf(
  narrow: Narrowness,
  { createdAt, namespace, name }: RouteAge,
  rule: number,
  match: number,
): string {
  const narrowness = [narrow.hasMethod ? 0 : 1, fewer(narrow.headers, 3), fewer(narrow.query, 3)].join('');
  // A space comes before all that names are made of, so that a/b is before a/b-c.
  return `${narrowness} ${ageText(createdAt)} ${namespace}/${name} ${padded(rule, 4)} ${padded(match, 4)}`;
}

/** The text of the larger number comes first. */
function fewer(number: number, digits: number): string {
  return padded(10 ** digits - 1 - number, digits);
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}

/** RFC 3339 in UTC, as an API server writes it. What has no time counts as the newest. */
function ageText(createdAt: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(createdAt) ? createdAt : '~';
}
