/** What upstreams of Ingresses learn of a request: as much as from ingress-nginx, which is more than those of Services get. */
import type { AddressRanges } from '../../formats/address-ranges.ts';
import { parseHost } from '../../routing/host.ts';
import type { CompiledIngress } from '../compiled-ingress.ts';
import { X_FORWARDED_FOR, X_FORWARDED_HOST } from './header-ids.ts';
import type { ClientIdentity, Forwarded, IngressForwarded, RequestView } from './ports.ts';
import { believedHosts, believedPort, type Client, schemeOf } from './told-by-proxies.ts';

/** The part of a request that upstreams learn of. */
interface Asked {
  readonly head: RequestView;
  readonly client: ClientIdentity;
  /** Host and port as they came. */
  readonly authority: string;
  /** Path and query as they came. */
  readonly uri: string;
  /** What is said of the client; undefined for one that no proxy speaks for. */
  readonly forwarded: Forwarded | undefined;
}

/**
 * The host that a client has asked for, where a trusted proxy says it, else as it came.
 * @param authority host and port as they came
 */
export function askedHost(head: RequestView, client: Client, authority: string, trusted: AddressRanges): string {
  // Nearly no request says it.
  if (!head.has(X_FORWARDED_HOST)) return authority;
  const [believed] = believedHosts(head, client.peer, trusted);
  return believed !== undefined && parseHost(believed) !== undefined ? believed : authority;
}

/** @returns `plain` where it is the same as for any request of the connection that asks for this host */
export function ingressForwarded(
  ingress: CompiledIngress,
  { head, client, authority, uri, forwarded }: Asked,
  trusted: AddressRanges,
): IngressForwarded | 'plain' {
  if (forwarded === undefined && !ingress.tellsOriginalUri && !head.has(X_FORWARDED_HOST)) return 'plain';
  const realIp = forwarded?.realIp ?? client.peer;
  const proto = forwarded?.proto ?? schemeOf(client);
  return {
    realIp,
    forwardedFor: ingress.forwardsChain ? (forwarded?.forwardedFor ?? realIp) : realIp,
    proto,
    host: askedHost(head, client, authority, trusted),
    port: believedPort(head, client.peer, trusted) || (proto === 'https' ? '443' : '80'),
    originalUri: ingress.tellsOriginalUri ? uri : '',
    originalFor: head.has(X_FORWARDED_FOR) ? head.value(X_FORWARDED_FOR) : '',
    originalHost: head.has(X_FORWARDED_HOST) ? head.value(X_FORWARDED_HOST) : '',
  };
}
