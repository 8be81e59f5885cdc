/**
 * Which route of a Gateway takes a request, one rule of the Gateway API a line and every route tried, to hold the table against. It
 * shares nothing with it but the Route type: patterns are RegExp's.
 */
import type { ListenerPlace, RequestConditions, Route, ValueCondition } from '../../../src/model/route.ts';

export interface Asked {
  readonly method: string;
  readonly host: string;
  /** In its normal form. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** @param hostname of the listener that takes the host */
export function chooseRoute(routes: readonly Route[], port: string, hostname: string, asked: Asked): Route | undefined {
  return routes
    .filter(({ listener }) => listener?.port === port && listener.hostname === hostname)
    .filter(route => takesHost(route.host, asked.host) && takesPath(route, asked.path) && meets(asked, placeOf(route)))
    .sort(
      (a, b) =>
        closeness(b.host) - closeness(a.host) ||
        placeOf(b).hostRank - placeOf(a).hostRank ||
        kindRank(b) - kindRank(a) ||
        b.path.length - a.path.length ||
        (a.path < b.path ? -1 : Number(a.path > b.path)) ||
        (placeOf(a).rank < placeOf(b).rank ? -1 : 1),
    )[0];
}

function placeOf({ listener }: Route): ListenerPlace {
  return listener as ListenerPlace;
}

function takesHost(pattern: string, host: string): boolean {
  if (pattern === '' || pattern === host) return true;
  const suffix = pattern.slice(1);
  return pattern.startsWith('*.') && host.endsWith(suffix) && host.length > suffix.length;
}

function closeness(host: string): number {
  return host.startsWith('*.') || host === '' ? host.length : Number.POSITIVE_INFINITY;
}

function takesPath({ path, match }: Route, asked: string): boolean {
  if (match === 'exact') return asked === path;
  if (match === 'regex') return new RegExp(`^(?:${path})$`).test(asked);
  return path === '/' || asked === path || asked.startsWith(`${path}/`);
}

function kindRank({ match }: Route): number {
  return match === 'exact' ? 2 : Number(match === 'regex');
}

function meets(asked: Asked, { conditions = {} }: ListenerPlace): boolean {
  const { method, headers = [], query = [] }: RequestConditions = conditions;
  return (
    (method === undefined || method === asked.method) &&
    headers.every(header => has(header, valuesOf(asked.headers, header.name).join(', '))) &&
    query.every(parameter => has(parameter, valuesOf(asked.query, parameter.name)[0] ?? ''))
  );
}

function valuesOf(fields: Asked['headers'], name: string): string[] {
  return fields.filter(([other]) => other === name).map(([, value]) => value);
}

function has({ value, isPattern }: ValueCondition, given: string): boolean {
  return given !== '' && (isPattern ? new RegExp(`^(?:${value})$`).test(given) : value === given);
}
