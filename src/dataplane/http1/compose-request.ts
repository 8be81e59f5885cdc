import { takesTrailers, upstreamLines } from '../fields/upstream-fields.ts';
import type { OutgoingRequest } from '../pipeline/ports.ts';

/** The head the upstream gets, with the empty line at its end, in the order of the contract. */
export function composeRequest(request: OutgoingRequest): string {
  const { head, upgrade } = request;
  let framing = '';
  if (upgrade !== undefined) framing = `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  // RFC 9110 section 10.1.4: TE speaks to the next hop, so Connection has to name it.
  else if (takesTrailers(head)) framing = 'Connection: TE\r\nTE: trailers\r\n';
  if (head.isChunked) framing += 'Transfer-Encoding: chunked\r\n';
  else if (head.contentLength >= 0) framing += `Content-Length: ${head.contentLength}\r\n`;
  return `${head.method} ${request.target} HTTP/1.1\r\nHost: ${request.host}\r\n${upstreamLines(request, framing)}\r\n`;
}
