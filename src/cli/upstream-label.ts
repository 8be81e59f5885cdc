import { endpointLabel } from '../text/labels.ts';
import type { ShownRoute } from './admin-answers.ts';

/** Endpoints that a line names; `kube-entry backends NAME` shows all. */
const MOST_ENDPOINTS = 3;

/** The addresses behind a route, and how requests are spread over them, unless kube-proxy does that or an older version answers. */
export function upstreamLabel({ balance = 'service', endpoints }: ShownRoute['backend']): string {
  const named = endpoints.slice(0, MOST_ENDPOINTS).map(endpointLabel).join(', ');
  const more = endpoints.length > MOST_ENDPOINTS ? ` and ${endpoints.length - MOST_ENDPOINTS} more` : '';
  const places = endpoints.length === 0 ? 'no endpoint' : named + more;
  return balance === 'service' || balance === '' ? named + more : `${balance}: ${places}`;
}
