import { trimWhitespace } from '../../formats/http/list.ts';
import type { Route } from '../../model/route.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import { errorBody, reasonOf } from '../pipeline/error-pages.ts';
import { ALLOWED_METHODS } from '../pipeline/methods.ts';
import { mayHoldRedirect, rewriteRedirect, rewritesRedirects } from '../pipeline/redirects.ts';
import { dateLine } from './http-date.ts';
import type { ResponseHead } from './response-head.ts';

const KEEP_ALIVE = 'Connection: keep-alive\r\n\r\n';
const CLOSE = 'Connection: close\r\n\r\n';

/** Who knows which redirects lead back here. */
export interface RedirectOrigin {
  knownHosts(): readonly string[];
}

/** The head the client gets, with the empty line at its end. */
export function composeResponse(
  head: ResponseHead,
  keeps: boolean,
  chunked: boolean,
  route: Route,
  origin: RedirectOrigin,
): string {
  let lines = head.status === 204 ? withoutLength(head) : head.lines();
  if (head.hasRedirects && rewritesRedirects(route)) {
    const hosts = origin.knownHosts();
    lines = mapRedirects(lines, (name, value) => rewriteRedirect(name, value, route, hosts));
  }
  // Without chunks no trailers follow.
  if (head.hasTrailer && !chunked) lines = dropLines(lines, 'trailer');
  const date = head.hasDate ? '' : dateLine();
  const coding = chunked ? 'Transfer-Encoding: chunked\r\n' : '';
  const isUpgradeRequired = head.status === 426 && head.upgrade !== '';
  const end = isUpgradeRequired ? offeredUpgrade(head, keeps) : keeps ? KEEP_ALIVE : CLOSE;
  return `HTTP/1.1${head.statusAndReason}\r\n${lines}${date}${coding}${end}`;
}

/** RFC 9110 section 15.5.22: the Upgrade of a 426 says what is required. Connection has to name it (section 7.8). */
function offeredUpgrade(head: ResponseHead, keeps: boolean): string {
  return `Upgrade: ${head.upgrade}\r\nConnection: ${keeps ? 'keep-alive' : 'close'}, Upgrade\r\n\r\n`;
}

/** A 1xx response for the client. */
export function composeInterim(head: ResponseHead): string {
  return `HTTP/1.1${head.statusAndReason}\r\n${withoutLength(head)}\r\n`;
}

/** 101 for the client: from here on the bytes are the protocol's. */
export function composeSwitch(head: ResponseHead): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n${withoutLength(head)}\r\n`;
}

export interface ErrorResponse {
  readonly text: string;
  readonly bodyBytes: number;
}

/** An answer made here, whole: head and body in one text of bytes (latin1). */
export function composeError(
  reason: FailureReason,
  errorPage: string,
  requestId: string,
  keeps: boolean,
  withBody: boolean,
): ErrorResponse {
  const { status, retryAfter } = FAILURES[reason];
  const body = Buffer.from(errorBody(status, errorPage)).toString('latin1');
  const retry = retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`;
  const allowed = reason === 'request_method_refused' ? `Allow: ${ALLOWED_METHODS}\r\n` : '';
  const text =
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${dateLine()}Content-Type: text/html\r\nContent-Length: ${body.length}\r\n` +
    `X-Request-ID: ${requestId}\r\n${retry}${allowed}${keeps ? KEEP_ALIVE : CLOSE}${withBody ? body : ''}`;
  return { text, bodyBytes: withBody ? body.length : 0 };
}

/** RFC 9110 section 8.6: no length on a 1xx or a 204. */
function withoutLength(head: ResponseHead): string {
  return head.contentLength < 0 ? head.lines() : dropLines(head.lines(), 'content-length');
}

/** @param lines each with its line end */
function mapRedirects(lines: string, map: (name: string, value: string) => string): string {
  let mapped = '';
  let copied = 0;
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf('\r\n', start);
    const colon = lines.indexOf(':', start);
    if (colon - start <= LONGEST_REDIRECT_NAME) {
      const name = lines.slice(start, colon).toLowerCase();
      if (mayHoldRedirect(name)) {
        const value = lines.slice(colon + 1, end);
        const text = trimWhitespace(value);
        mapped += `${lines.slice(copied, colon + 1 + value.indexOf(text))}${map(name, text)}`;
        copied = end;
      }
    }
    start = end + 2;
  }
  return mapped + lines.slice(copied);
}

const LONGEST_REDIRECT_NAME = 'set-cookie'.length;

function dropLines(lines: string, name: string): string {
  return lines
    .split('\r\n')
    .filter(line => line.slice(0, line.indexOf(':')).toLowerCase() !== name)
    .join('\r\n');
}
