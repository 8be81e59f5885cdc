/** What upstreams of Ingresses learn of a request: as much as from ingress-nginx, which is more than those of Services get. */
import type { AddressRanges } from '../../formats/address-ranges.ts';
import { parseHost } from '../../routing/host.ts';
import type { CompiledIngress } from '../compiled-ingress.ts';
import { X_FORWARDED_FOR, X_FORWARDED_HOST } from './header-ids.ts';
import type { ClientIdentity, IngressForwarded, RequestView } from './ports.ts';
import { believedHosts, believedPort, type Client, forwardedBy, schemeOf } from './told-by-proxies.ts';

/** The part of a request that upstreams learn of. */
interface Asked<C = ClientIdentity> {
  readonly head: RequestView;
  readonly client: C;
  /** Host and port as they came. */
  readonly authority: string;
  /** Path and query as they came. */
  readonly uri: string;
  readonly trusted: AddressRanges;
}

/** The host that a client has asked for, where a trusted proxy says it, else as it came. */
export function askedHost({ head, client, authority, trusted }: Omit<Asked<Client>, 'uri'>): string {
  const [believed] = believedHosts(head, client.peer, trusted);
  return believed !== undefined && parseHost(believed) !== undefined ? believed : authority;
}

export function ingressForwarded(ingress: CompiledIngress, asked: Asked): IngressForwarded {
  const { head, client, authority, uri, trusted } = asked;
  const forwarded = forwardedBy(head, authority, client, trusted);
  const realIp = forwarded?.realIp ?? client.peer;
  const proto = forwarded?.proto ?? schemeOf(client);
  return {
    realIp,
    forwardedFor: ingress.forwardsChain ? (forwarded?.forwardedFor ?? realIp) : realIp,
    proto,
    host: askedHost(asked),
    port: believedPort(head, client.peer, trusted) || (proto === 'https' ? '443' : '80'),
    originalUri: ingress.tellsOriginalUri ? uri : '',
    originalFor: head.has(X_FORWARDED_FOR) ? head.value(X_FORWARDED_FOR) : '',
    originalHost: head.has(X_FORWARDED_HOST) ? head.value(X_FORWARDED_HOST) : '',
  };
}
