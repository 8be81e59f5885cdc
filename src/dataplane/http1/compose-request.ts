import { formatHostPort } from '../../formats/host-port.ts';
import type { Endpoint, Route } from '../../model/route.ts';
import { strippedPrefix, upstreamPath } from '../../model/route.ts';
import type { RequestTarget } from '../../routing/target.ts';
import { forwardedHosts, forwardedOf } from '../pipeline/forwarded.ts';
import { acceptsTrailers } from '../pipeline/hop-by-hop.ts';
import type { Wire } from '../wire/wire.ts';
import { EXPECT, TE, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO } from './header-names.ts';
import type { RequestHead } from './request-head.ts';

export interface RequestParts {
  readonly head: RequestHead;
  readonly route: Route;
  readonly target: RequestTarget;
  /** nginx's $host; empty for HTTP/1.0 without one. */
  readonly host: string;
  /** Of the absolute target or the Host header, as it came; empty for HTTP/1.0 without one. */
  readonly authority: string;
  readonly endpoint: Endpoint;
  readonly peer: string;
  /** {@link plainForwarded} of the peer. */
  readonly plainForwarded: string;
  readonly requestId: string;
  /** The protocols to upgrade to; undefined for a plain request. */
  readonly upgrade: string | undefined;
}

/** What is said of a client that no proxy speaks for: the same for each request of a connection. */
export function plainForwarded(peer: string): string {
  return `\r\nX-Real-IP: ${peer}\r\nX-Forwarded-For: ${peer}\r\nX-Forwarded-Proto: http\r\n`;
}

/** The head the upstream gets, with the empty line at its end, in the order of the contract. */
export function composeRequest(wire: Wire, parts: RequestParts): string {
  const { head, route, target, endpoint, upgrade } = parts;
  const { upstreamHost } = wire.context.state.settings;
  const named = upstreamHost === 'as-received' ? parts.authority : parts.host;
  const host = named || formatHostPort(endpoint.address, endpoint.port);
  const stripped = strippedPrefix(route);
  const prefix = stripped === '' ? '' : `X-Forwarded-Prefix: ${stripped}\r\n`;
  let framing = '';
  if (upgrade !== undefined) framing = `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  // RFC 9110 section 10.1.4: TE speaks to the next hop, so Connection has to name it.
  else if (head.has(TE) && acceptsTrailers(head.value(TE))) framing = 'Connection: TE\r\nTE: trailers\r\n';
  if (head.isChunked) framing += 'Transfer-Encoding: chunked\r\n';
  else if (head.contentLength >= 0) framing += `Content-Length: ${head.contentLength}\r\n`;
  // RFC 9110 section 10.1.1: from an HTTP/1.0 client the expectation is ignored.
  if (head.has(EXPECT) && head.minorVersion === 1) framing += `Expect: ${head.value(EXPECT)}\r\n`;
  return (
    `${head.method} ${upstreamPath(route, target.path)}${target.query} HTTP/1.1\r\nHost: ${host}` +
    `${forwardedLines(wire, parts)}${prefix}X-Request-ID: ${parts.requestId}\r\n${framing}${head.lines()}\r\n`
  );
}

function forwardedLines(wire: Wire, { head, authority, peer, plainForwarded: plain }: RequestParts): string {
  if (wire.trustedProxies.isEmpty && !head.has(X_FORWARDED_FOR)) {
    return authority === '' ? plain : `${plain}X-Forwarded-Host: ${authority}\r\n`;
  }
  const optional = (name: number): string | undefined => (head.has(name) ? head.value(name) : undefined);
  const forwarded = forwardedOf(
    {
      peer,
      forwardedFor: optional(X_FORWARDED_FOR),
      proto: optional(X_FORWARDED_PROTO),
      forwardedHost: optional(X_FORWARDED_HOST),
      host: authority,
    },
    wire.trustedProxies,
  );
  const hostLine = forwarded.host === '' ? '' : `X-Forwarded-Host: ${forwarded.host}\r\n`;
  return (
    `\r\nX-Real-IP: ${forwarded.realIp}\r\nX-Forwarded-For: ${forwarded.forwardedFor}\r\n` +
    `X-Forwarded-Proto: ${forwarded.proto}\r\n${hostLine}`
  );
}

/** The hosts of X-Forwarded-Host, where the peer is one whose word counts. */
export function believedHosts(wire: Wire, head: RequestHead | undefined, peer: string): readonly string[] {
  return head?.has(X_FORWARDED_HOST) && wire.trustedProxies.has(peer)
    ? forwardedHosts(head.value(X_FORWARDED_HOST))
    : [];
}
