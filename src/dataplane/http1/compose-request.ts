import { EXPECT, TE } from '../pipeline/header-ids.ts';
import type { OutgoingRequest } from '../pipeline/ports.ts';
import { withoutCookieLines } from './cookie-lines.ts';
import { acceptsTrailers } from './hop-by-hop.ts';

/** What is said of a client that no proxy speaks for: the same for each request of a connection. */
export function plainForwarded(peer: string, scheme: 'http' | 'https'): string {
  return `\r\nX-Real-IP: ${peer}\r\nX-Forwarded-For: ${peer}\r\nX-Forwarded-Proto: ${scheme}\r\n`;
}

/** The head the upstream gets, with the empty line at its end, in the order of the contract. */
export function composeRequest(request: OutgoingRequest): string {
  const { head, forwardedPrefix, upgrade, hiddenCookie } = request;
  const prefix = forwardedPrefix === '' ? '' : `X-Forwarded-Prefix: ${forwardedPrefix}\r\n`;
  let framing = '';
  if (upgrade !== undefined) framing = `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  // RFC 9110 section 10.1.4: TE speaks to the next hop, so Connection has to name it.
  else if (head.has(TE) && acceptsTrailers(head.value(TE))) framing = 'Connection: TE\r\nTE: trailers\r\n';
  if (head.isChunked) framing += 'Transfer-Encoding: chunked\r\n';
  else if (head.contentLength >= 0) framing += `Content-Length: ${head.contentLength}\r\n`;
  // RFC 9110 section 10.1.1: from an HTTP/1.0 client the expectation is ignored.
  if (head.has(EXPECT) && head.takesInterims) framing += `Expect: ${head.value(EXPECT)}\r\n`;
  const lines = hiddenCookie === '' ? head.lines() : withoutCookieLines(head.lines(), hiddenCookie);
  return (
    `${head.method} ${request.target} HTTP/1.1\r\nHost: ${request.host}` +
    `${forwardedLines(request)}${prefix}X-Request-ID: ${request.requestId}\r\n${framing}${lines}\r\n`
  );
}

function forwardedLines({ authority, client, forwarded }: OutgoingRequest): string {
  if (forwarded === undefined) {
    return authority === '' ? client.plainForwarded : `${client.plainForwarded}X-Forwarded-Host: ${authority}\r\n`;
  }
  const hostLine = forwarded.host === '' ? '' : `X-Forwarded-Host: ${forwarded.host}\r\n`;
  return (
    `\r\nX-Real-IP: ${forwarded.realIp}\r\nX-Forwarded-For: ${forwarded.forwardedFor}\r\n` +
    `X-Forwarded-Proto: ${forwarded.proto}\r\n${hostLine}`
  );
}
