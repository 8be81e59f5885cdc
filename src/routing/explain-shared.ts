/** Which port of Gateways a request belongs to that comes to a port of all: as workers find it, in dataplane/shared-port.ts. */
import type { GatewayPort } from '../model/gateway-port.ts';
import { readRequest } from './explanation.ts';
import { Hostnames } from './gateway/hostnames.ts';
import type { RouteTable } from './table.ts';

export interface SharedQuestion {
  readonly host: string;
  /** As in {@link readRequest}. */
  readonly target: string;
  readonly mergeSlashes: boolean;
  /** Whether the request comes over TLS; undefined: that is not said, and plain HTTP comes first. */
  readonly isSecure: boolean | undefined;
}

/** @returns undefined where no listener of a Gateway has the host */
export function sharedPortFor(
  table: RouteTable,
  ports: Iterable<GatewayPort>,
  { host: asked, target, mergeSlashes, isSecure }: SharedQuestion,
): GatewayPort | undefined {
  const read = readRequest(asked, target, mergeSlashes);
  if (read === undefined) return undefined;
  const { host, path } = read;
  const transports = isSecure === undefined ? ['plain', 'tls'] : [isSecure ? 'tls' : 'plain'];
  const shared = [...ports].filter(({ isShared }) => isShared === true);
  return transports
    .flatMap(wanted => shared.filter(({ transport }) => transport === wanted))
    .find(({ listeners }) => {
      const hostname = new Hostnames(listeners.map(one => [one.hostname, one.hostname])).closest(host);
      if (hostname === undefined || table.namesAsClosely(host, hostname)) return false;
      return hostname !== '' || table.matchAnyHost(path) === undefined;
    });
}
