import { isIP } from 'node:net';
import type { AddressRanges } from '../../formats/address-ranges.ts';
import { listElements } from '../../formats/http/list.ts';
import type { Forwarded } from './ports.ts';

export type Scheme = 'http' | 'https';

export interface ForwardedInput {
  /** The peer of the connection. */
  readonly peer: string;
  /** The scheme of the connection. */
  readonly scheme: Scheme;
  /** All X-Forwarded-For lines joined with a comma and a space; undefined when there is none. */
  readonly forwardedFor: string | undefined;
  readonly proto: string | undefined;
  readonly forwardedHost: string | undefined;
  /** The authority that the request names, as it came. */
  readonly host: string;
}

/**
 * Only a trusted peer is believed. Its X-Forwarded-For is then read from the right: the first address that is not
 * itself a trusted proxy is the client, whatever a client wrote further left.
 */
export function forwardedOf(input: ForwardedInput, trusted: AddressRanges): Forwarded {
  const { peer, scheme, forwardedFor } = input;
  // nginx's $proxy_add_x_forwarded_for: an empty line counts as a line.
  const chain = forwardedFor === undefined ? peer : `${forwardedFor}, ${peer}`;
  if (trusted.isEmpty || !trusted.has(peer)) {
    return { realIp: peer, forwardedFor: chain, proto: scheme, host: input.host };
  }
  return {
    realIp: clientOf(forwardedFor ?? '', peer, trusted),
    forwardedFor: chain,
    proto: schemeOf(input.proto, scheme),
    host: forwardedHosts(input.forwardedHost).length === 0 ? input.host : (input.forwardedHost as string),
  };
}

/** The hosts that an X-Forwarded-Host names. */
export function forwardedHosts(value: string | undefined): readonly string[] {
  return value === undefined ? [] : listElements(value);
}

/** A chain of proxies makes a list, and the first of them saw the client. A WebSocket's scheme is that of its handshake. */
function schemeOf(forwardedProto: string | undefined, own: Scheme): Scheme {
  const [first = own] = listElements(forwardedProto ?? '');
  const scheme = first.toLowerCase();
  return scheme === 'https' || scheme === 'wss' ? 'https' : 'http';
}

function clientOf(forwardedFor: string, peer: string, trusted: AddressRanges): string {
  let client = peer;
  for (const entry of listElements(forwardedFor).reverse()) {
    const address = bareAddress(entry);
    // A trusted proxy writes addresses only.
    if (isIP(address) === 0) return client;
    client = address;
    if (!trusted.has(address)) return client;
  }
  return client;
}

/** Some proxies write a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function bareAddress(entry: string): string {
  if (entry.startsWith('[')) return entry.slice(1, Math.max(1, entry.indexOf(']')));
  const colon = entry.indexOf(':');
  return colon > 0 && colon === entry.lastIndexOf(':') ? entry.slice(0, colon) : entry;
}
