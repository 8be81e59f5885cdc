/**
 * The paths of the matches of GRPCRoutes: a call is a POST to `/SERVICE/METHOD`. Both are an exact path, a service alone is a prefix, and
 * everything else is a pattern. Pure.
 */
import type { Place } from '../../../model/route.ts';
import type { GrpcMatch } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import { conditionsOf, type MatchPlace, readHeaders } from './http-matches.ts';
import { checkPattern } from './patterns.ts';
import { RuleFault } from './rule-fault.ts';

const SERVICE = /^\.?[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*$/;
const METHOD = /^[A-Za-z_][A-Za-z_0-9]*$/;
const LONGEST = 1024;

/** @throws RuleFault */
export function readGrpcMatch({ method, headers }: GrpcMatch): MatchPlace {
  const read = readHeaders(headers);
  return {
    ...readMethod(method),
    conditions: conditionsOf(undefined, read, []),
    narrowness: { hasMethod: false, headers: read.length, query: 0 },
  };
}

/** All calls, where a rule has no matches. */
export const ANY_CALL: GrpcMatch = { headers: [] };

/** A method of any service comes behind all that name a service, and all calls come last: the paths do not say so. */
function readMethod(match: GrpcMatch['method']): Pick<MatchPlace, 'path' | 'match' | 'turn'> {
  if (match === undefined) return { path: '/', turn: 2 };
  const { type, service = '', method = '' } = match;
  if (service === '' && method === '') throw new RuleFault('a method match names neither a service nor a method');
  if (type === 'RegularExpression') return readPattern(service, method);
  if (type !== 'Exact') throw new RuleFault(`the type ${quote(type)} of a method match is not known`);
  if (service !== '' && (service.length > LONGEST || !SERVICE.test(service)))
    throw new RuleFault(`${quote(service)} is no name of a gRPC service`);
  if (method !== '' && (method.length > LONGEST || !METHOD.test(method)))
    throw new RuleFault(`${quote(method)} is no name of a gRPC method`);
  if (service === '') return { ...patternPlace(`/[^/]+/${method}`), turn: 1 };
  return method === '' ? { path: `/${service}` } : { path: `/${service}/${method}`, match: 'exact' };
}

/** An empty one stands for all. */
function readPattern(service: string, method: string): Pick<Place, 'path' | 'match'> {
  // Each has to be a pattern of its own, so that neither ends the group that it is put into.
  for (const text of [service, method]) if (text !== '') checkPattern(quote(text), text);
  const part = (text: string): string => (text === '' ? '[^/]+' : `(?:${text})`);
  return patternPlace(`/${part(service)}/${part(method)}`);
}

function patternPlace(path: string): Pick<Place, 'path' | 'match'> {
  checkPattern(quote(path), path);
  return { path, match: 'regex' };
}
