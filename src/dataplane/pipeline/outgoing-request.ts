import type { AddressRanges } from '../../formats/address-ranges.ts';
import { formatHostPort } from '../../formats/host-port.ts';
import type { Endpoint } from '../../model/cluster.ts';
import { upstreamPath } from '../../model/route.ts';
import type { ExchangeState } from './exchange-state.ts';
import { forwardedHosts, forwardedOf, type Scheme } from './forwarded.ts';
import { X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO } from './header-ids.ts';
import type { ClientIdentity, Forwarded, OutgoingRequest, RequestView } from './ports.ts';

type Client = Pick<ClientIdentity, 'peer' | 'tls'>;

/** The scheme of the client's connection. */
function schemeOf({ tls }: Client): Scheme {
  return tls === undefined ? 'http' : 'https';
}

/** The request of an exchange as an endpoint gets it. */
export function outgoingRequest(state: ExchangeState, endpoint: Endpoint, trusted: AddressRanges): OutgoingRequest {
  const { route, routing, settings, record } = state;
  const { client } = state.downstream;
  const { target, authority, upgrade } = routing;
  const head = state.head as RequestView;
  const named = settings.upstreamHost === 'as-received' ? authority : routing.host;
  return {
    head,
    target: upstreamPath(route.strippedPrefix, target.path) + target.query,
    host: named || formatHostPort(endpoint.address, endpoint.port),
    authority,
    client,
    forwarded: forwardedBy(head, authority, client, trusted),
    forwardedPrefix: route.strippedPrefix,
    requestId: record.requestId,
    hiddenCookie: (route.cluster.sticky ?? route.primary?.sticky)?.cookie.name ?? '',
    upgrade,
  };
}

/** @returns undefined for a client that no proxy speaks for */
function forwardedBy(head: RequestView, host: string, client: Client, trusted: AddressRanges): Forwarded | undefined {
  if (trusted.isEmpty && !head.has(X_FORWARDED_FOR)) return undefined;
  const optional = (id: number): string | undefined => (head.has(id) ? head.value(id) : undefined);
  return forwardedOf(
    {
      peer: client.peer,
      scheme: schemeOf(client),
      forwardedFor: optional(X_FORWARDED_FOR),
      proto: optional(X_FORWARDED_PROTO),
      forwardedHost: optional(X_FORWARDED_HOST),
      host,
    },
    trusted,
  );
}

/** The address of the client: the one that a trusted proxy gives, else the peer's. */
export function clientIpOf(head: RequestView | undefined, client: Client, trusted: AddressRanges): string {
  return head === undefined ? client.peer : (forwardedBy(head, '', client, trusted)?.realIp ?? client.peer);
}

/** Whether the client speaks HTTPS, to this entry or, as a trusted proxy says, to that. */
export function isSecure(head: RequestView, client: Client, trusted: AddressRanges): boolean {
  return (forwardedBy(head, '', client, trusted)?.proto ?? schemeOf(client)) === 'https';
}

/** The hosts of X-Forwarded-Host, where the peer is a trusted proxy. */
export function believedHosts(head: RequestView | undefined, peer: string, trusted: AddressRanges): readonly string[] {
  return head?.has(X_FORWARDED_HOST) && trusted.has(peer) ? forwardedHosts(head.value(X_FORWARDED_HOST)) : [];
}
