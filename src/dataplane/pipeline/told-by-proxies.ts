/** Who a client is, as far as trusted proxies may say it in X-Forwarded-*. */
import type { AddressRanges } from '../../formats/address-ranges.ts';
import { forwardedHosts, forwardedOf, type Scheme } from './forwarded.ts';
import { X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO } from './header-ids.ts';
import type { ClientIdentity, Forwarded, RequestView } from './ports.ts';

export type Client = Pick<ClientIdentity, 'peer' | 'tls'>;

/** The scheme of the client's connection. */
export function schemeOf({ tls }: Client): Scheme {
  return tls === undefined ? 'http' : 'https';
}

/** @returns undefined for a client that no proxy speaks for */
export function forwardedBy(
  head: RequestView,
  host: string,
  client: Client,
  trusted: AddressRanges,
): Forwarded | undefined {
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

/** X-Forwarded-Port, where the peer is a trusted proxy; empty otherwise, and where it is no port. */
export function believedPort(head: RequestView, peer: string, trusted: AddressRanges): string {
  if (trusted.isEmpty || !trusted.has(peer)) return '';
  const port = head.field('x-forwarded-port', ', ');
  return /^\d{1,5}$/.test(port) ? port : '';
}

/** The hosts of X-Forwarded-Host, where the peer is a trusted proxy. */
export function believedHosts(head: RequestView | undefined, peer: string, trusted: AddressRanges): readonly string[] {
  return head?.has(X_FORWARDED_HOST) && trusted.has(peer) ? forwardedHosts(head.value(X_FORWARDED_HOST)) : [];
}
