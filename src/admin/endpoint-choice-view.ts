/** Where a request would go among the endpoints of its cluster: the question as `/explain` gets it, and the answer. */
import type { RequestFacts } from '../control/asked-request.ts';
import type { EndpointChoice } from '../control/endpoint-choice.ts';
import { FormatError } from '../errors.ts';
import { type EndpointView, viewEndpoint } from './cluster-view.ts';

export interface EndpointChoiceView {
  readonly outcome: EndpointChoice['outcome'];
  readonly endpoints: readonly ChanceView[];
}

export interface ChanceView extends EndpointView {
  /** The part of such requests that would go there, from 0 to 1. */
  readonly share: number;
  /** Why it gets none; null for an endpoint that may be picked. */
  readonly exclusion: string | null;
}

export function viewChoice({ outcome, chances }: EndpointChoice): EndpointChoiceView {
  return {
    outcome,
    endpoints: chances.map(({ endpoint, share, exclusion = null }) => ({
      ...viewEndpoint(endpoint),
      share: Math.round(share * 100) / 100,
      exclusion,
    })),
  };
}

/** What balancing and policies need to know of a request beside its host and target. */
export type ClientFacts = Pick<RequestFacts, 'method' | 'clientIp' | 'headers'>;

/** What is said of a request, as text. */
export interface ClientDescription {
  /** Empty: GET. */
  readonly method: string;
  /** Empty where it is not said. */
  readonly clientIp: string;
  /** `NAME: VALUE` */
  readonly headerLines: readonly string[];
}

/** RFC 9110 section 9.1. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** @throws FormatError for a malformed method, or a header without a name or a colon */
export function readClient({ method, clientIp, headerLines }: ClientDescription): ClientFacts {
  if (method !== '' && !METHOD.test(method)) throw new FormatError(`method "${method}": write a method, as in GET`);
  const headers = new Map<string, string>();
  for (const line of headerLines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (name === '') throw new FormatError(`header "${line}": write "NAME: VALUE"`);
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    const separator = name === 'cookie' ? '; ' : ', ';
    headers.set(name, before === undefined ? value : before + separator + value);
  }
  return { method: method || 'GET', clientIp, headers };
}
