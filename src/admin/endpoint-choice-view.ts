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

/** What balancing needs to know of a request beside its host and target. */
export type ClientFacts = Pick<RequestFacts, 'clientIp' | 'headers'>;

/** @throws FormatError for a header without a name or a colon */
export function readClient(clientIp: string, headerLines: readonly string[]): ClientFacts {
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
  return { clientIp, headers };
}
