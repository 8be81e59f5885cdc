/** The header lines that upstreams get, whichever version of HTTP they speak. A codec adds what frames the request. */
import { withoutCookieLines } from '../../formats/http/cookie-lines.ts';
import { acceptsTrailers } from '../../formats/http/te.ts';
import { EXPECT, TE } from '../pipeline/header-ids.ts';
import { lengthBits, type OutgoingHead, type OutgoingRequest } from '../pipeline/ports.ts';
import { editedLines } from './header-lines.ts';
import { ingressLines, namesOfIngress, TOLD_TO_INGRESSES } from './ingress-fields.ts';

/** The lengths of the names that upstreams are told by the entry, as FieldEdits has them. */
const TOLD_LENGTHS = lengthBits([
  ...['x-real-ip', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix', 'x-request-id'],
  ...['x-client-cert-verify', 'x-client-cert-subject-dn', 'x-client-cert-issuer-dn'],
]);
const TOLD_TO_INGRESSES_LENGTHS = TOLD_LENGTHS | lengthBits(TOLD_TO_INGRESSES);

/** Whether the client takes trailers, which upstreams are told. */
export function takesTrailers(head: OutgoingHead): boolean {
  return head.has(TE) && acceptsTrailers(head.value(TE));
}

/**
 * All header lines behind Host, in the order of the contract, each with its line end.
 * @param framing lines of the codec
 */
export function upstreamLines(request: OutgoingRequest, framing: string): string {
  const { head, ownLines } = request;
  if (ownLines !== undefined) return framing + ownLines;
  // RFC 9110 section 10.1.1: from an HTTP/1.0 client the expectation is ignored.
  const expect = head.has(EXPECT) && head.takesInterims ? `Expect: ${head.value(EXPECT)}\r\n` : '';
  return linesAround(request, framing + expect);
}

/** Those that a copy of the request has: its body comes, whatever its upstream says. */
export function copiedLines(request: OutgoingRequest): string {
  return linesAround(request, '');
}

/** @param between what the entry tells and the lines of the client stand other lines */
function linesAround(request: OutgoingRequest, between: string): string {
  const { head, forwardedPrefix, hiddenCookie, ingress } = request;
  const prefix = forwardedPrefix === '' ? '' : `X-Forwarded-Prefix: ${forwardedPrefix}\r\n`;
  let lines = hiddenCookie === '' ? head.lines() : withoutCookieLines(head.lines(), hiddenCookie);
  if (ingress !== undefined) lines = editedLines(lines, namesOfIngress(ingress));
  let certificate = '';
  for (const [name, value] of request.certificateFields) certificate += `${name}: ${value}\r\n`;
  const told = `${forwardedLines(request)}${prefix}${certificate}X-Request-ID: ${request.requestId}\r\n`;
  const { edits } = request;
  if (edits === undefined) return `${told}${between}${lines}`;
  // Framing is no business of policies.
  const toldLengths = ingress === undefined ? TOLD_LENGTHS : TOLD_TO_INGRESSES_LENGTHS;
  const toldAfter = (edits.lengths & toldLengths) === 0 ? told : editedLines(told, edits);
  return `${toldAfter}${between}${editedLines(lines, edits)}${edits.added}`;
}

function forwardedLines({ authority, client, forwarded, ingress }: OutgoingRequest): string {
  if (ingress !== undefined) {
    return ingress === 'plain' ? client.plainForwarded.lines(authority, true) : ingressLines(ingress);
  }
  if (forwarded === undefined) return client.plainForwarded.lines(authority, false);
  const hostLine = forwarded.host === '' ? '' : `X-Forwarded-Host: ${forwarded.host}\r\n`;
  return (
    `X-Real-IP: ${forwarded.realIp}\r\nX-Forwarded-For: ${forwarded.forwardedFor}\r\n` +
    `X-Forwarded-Proto: ${forwarded.proto}\r\n${hostLine}`
  );
}
