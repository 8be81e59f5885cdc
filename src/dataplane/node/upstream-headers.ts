import type { IncomingMessage } from 'node:http';
import type { AddressRanges } from '../../formats/address-ranges.ts';
import { isHopByHop } from '../http1/hop-by-hop.ts';
import { forwardedOf } from '../pipeline/forwarded.ts';
import { isClientCertName, isWithheldAlias } from '../pipeline/header-ids.ts';
import type { Forwarded } from '../pipeline/ports.ts';
import type { RequestFacts } from './request-facts.ts';

/** Made here, never copied from the client. Expect and Trailer are set by the exchange: Node treats them specially. */
const REPLACED: ReadonlySet<string> = new Set([
  'host',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-request-id',
  'content-length',
  'expect',
  'trailer',
]);

/** By name, in the order in which they are sent; a list where a line is repeated. */
export type UpstreamHeaders = Record<string, string | string[]>;

export interface UpstreamHeadersInput {
  readonly host: string;
  readonly forwarded: Forwarded;
  /** Empty when no prefix was stripped. */
  readonly prefix: string;
  readonly requestId: string;
  readonly underscores: boolean;
  /** The protocol to upgrade to; undefined for a plain request. */
  readonly upgrade: string | undefined;
}

/** Who a request is from, and for which host. @param host as the client named it @param peer the address of the connection */
export function forwardedBy(facts: RequestFacts, host: string, peer: string, trusted: AddressRanges): Forwarded {
  const { forwardedFor, forwardedProto: proto, forwardedHost } = facts;
  return forwardedOf({ peer, scheme: 'http', forwardedFor, proto, forwardedHost, host }, trusted);
}

/** The headers the upstream gets, in the order of the contract: ours, framing, then the client's. */
export function upstreamHeaders(
  request: IncomingMessage,
  facts: RequestFacts,
  input: UpstreamHeadersInput,
): UpstreamHeaders {
  // Without a prototype a header called __proto__ is a header like any other.
  const headers: UpstreamHeaders = Object.create(null);
  const { forwarded } = input;
  headers.Host = input.host;
  headers['X-Real-IP'] = forwarded.realIp;
  headers['X-Forwarded-For'] = forwarded.forwardedFor;
  headers['X-Forwarded-Proto'] = forwarded.proto;
  if (forwarded.host !== '') headers['X-Forwarded-Host'] = forwarded.host;
  if (input.prefix !== '') headers['X-Forwarded-Prefix'] = input.prefix;
  headers['X-Request-ID'] = input.requestId;
  if (input.upgrade !== undefined) {
    headers.Connection = 'Upgrade';
    headers.Upgrade = input.upgrade;
  } else if (facts.acceptsTrailers) {
    // RFC 9110 section 10.1.4: TE speaks to the next hop, so Connection has to name it.
    headers.Connection = 'TE';
    headers.TE = 'trailers';
  }
  if (facts.isChunked) headers['Transfer-Encoding'] = 'chunked';
  else if (facts.contentLength !== undefined) headers['Content-Length'] = String(facts.contentLength);

  const keyOf = new Map<string, string>();
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const lower = name.toLowerCase();
    if (REPLACED.has(lower) || isClientCertName(lower) || isHopByHop(lower) || facts.connectionOptions.has(lower))
      continue;
    if (name.includes('_') && (!input.underscores || isWithheldAlias(lower))) continue;
    const key = keyOf.get(lower);
    if (key === undefined) {
      keyOf.set(lower, name);
      headers[name] = value;
    } else {
      const values = headers[key];
      if (Array.isArray(values)) values.push(value);
      else headers[key] = [values as string, value];
    }
  }
  return headers;
}
