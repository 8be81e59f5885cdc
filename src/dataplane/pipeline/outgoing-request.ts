import type { AddressRanges } from '../../formats/address-ranges.ts';
import { formatHostPort } from '../../formats/host-port.ts';
import { type Endpoint, type Route, strippedPrefix, upstreamPath } from '../../model/route.ts';
import type { Settings } from '../../settings/schema.ts';
import { type Forwarded, forwardedHosts, forwardedOf } from './forwarded.ts';
import { X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO } from './header-ids.ts';
import type { ClientIdentity, OutgoingRequest, RequestView } from './ports.ts';
import type { RoutedRequest } from './routed-request.ts';

/** What of an exchange decides how its request goes on. */
export interface RequestFacts {
  readonly head: RequestView;
  readonly route: Route;
  readonly asked: RoutedRequest;
  readonly client: ClientIdentity;
  readonly settings: Settings;
  readonly requestId: string;
}

/** The request as the endpoint gets it. */
export function outgoingRequest(facts: RequestFacts, endpoint: Endpoint, trusted: AddressRanges): OutgoingRequest {
  const { head, route, asked, client, settings, requestId } = facts;
  const { target, authority, upgrade } = asked;
  const named = settings.upstreamHost === 'as-received' ? authority : asked.host;
  return {
    head,
    target: upstreamPath(route, target.path) + target.query,
    host: named || formatHostPort(endpoint.address, endpoint.port),
    authority,
    client,
    forwarded: forwardedBy(head, authority, client.peer, trusted),
    forwardedPrefix: strippedPrefix(route),
    requestId,
    upgrade,
  };
}

/** @returns undefined for a client that no proxy speaks for */
function forwardedBy(head: RequestView, host: string, peer: string, trusted: AddressRanges): Forwarded | undefined {
  if (trusted.isEmpty && !head.has(X_FORWARDED_FOR)) return undefined;
  const optional = (id: number): string | undefined => (head.has(id) ? head.value(id) : undefined);
  return forwardedOf(
    {
      peer,
      forwardedFor: optional(X_FORWARDED_FOR),
      proto: optional(X_FORWARDED_PROTO),
      forwardedHost: optional(X_FORWARDED_HOST),
      host,
    },
    trusted,
  );
}

/** The hosts of X-Forwarded-Host, where the peer is a trusted proxy. */
export function believedHosts(head: RequestView, peer: string, trusted: AddressRanges): readonly string[] {
  return head.has(X_FORWARDED_HOST) && trusted.has(peer) ? forwardedHosts(head.value(X_FORWARDED_HOST)) : [];
}
