/** Who may see the dashboard, and what a browser may do with it. */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseHost } from '../../routing/host.ts';
import { sendText, targetOf } from '../app.ts';

/**
 * On every answer of the dashboard. Nothing but the page's own files is loaded, nothing is framed or submitted, and with
 * Trusted Types no text can become HTML even by mistake.
 */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * An onRequest hook. A page of another site must not read this one: not by a name of its own that it lets resolve to
 * this address (DNS rebinding; an IP address or `localhost` in Host is no name that an attacker can own), nor by using up the viewers.
 */
export async function guard(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  reply.headers(HEADERS);
  if (!isOwnHost(request.headers.host)) {
    // RFC 9110 section 15.5.20.
    return sendText(
      reply,
      421,
      'The dashboard answers to IP addresses and localhost only, not to names: ' +
        'use the address of the node or pod, or kubectl port-forward.\n',
    );
  }
  if (isFromElsewhere(request.headers) && !isLink(request)) {
    return sendText(reply, 403, 'The dashboard is not for other sites.\n');
  }
  return undefined;
}

/** Fetch Metadata (https://www.w3.org/TR/fetch-metadata/), which browsers send to addresses that they trust. */
function isFromElsewhere({ 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  return site === 'cross-site' || site === 'same-site';
}

/** A link or an address in a window of its own may lead to the page; its parts, and frames, are for the page alone. */
function isLink(request: FastifyRequest): boolean {
  const { headers } = request;
  const path = targetOf(request).replace(/\?.*/s, '');
  return path === '/' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

function isOwnHost(header: string | undefined): boolean {
  const host = header === undefined ? undefined : parseHost(header);
  return host !== undefined && (host === 'localhost' || isIP(host.replace(/^\[(.*)\]$/, '$1')) > 0);
}
