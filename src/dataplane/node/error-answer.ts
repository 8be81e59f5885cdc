import type { ServerResponse } from 'node:http';
import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import { ALLOWED_METHODS } from '../../formats/http/methods.ts';
import { errorBody, reasonOf } from '../pipeline/error-pages.ts';

/** Sends an answer made here. @returns the bytes of its body that go out */
export function sendError(
  response: ServerResponse,
  reason: FailureReason,
  errorPage: string,
  { requestId, keep }: { readonly requestId: string; readonly keep: boolean },
): number {
  const { status, retryAfter } = FAILURES[reason];
  const body = Buffer.from(errorBody(status, errorPage));
  const headers = ['Content-Type', 'text/html', 'Content-Length', String(body.length), 'X-Request-ID', requestId];
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
  if (reason === 'request_method_refused') headers.push('Allow', ALLOWED_METHODS);
  response.writeHead(status, reasonOf(status), [...headers, 'Connection', keep ? 'keep-alive' : 'close']);
  const isHead = response.req.method === 'HEAD';
  response.end(isHead ? undefined : body);
  return isHead ? 0 : body.length;
}

/** A whole response for bytes that never became a request, so that no HTTP library answers them. */
export function rawErrorResponse(status: number, requestId: string, errorPage: string): { head: string; body: string } {
  const body = errorBody(status, errorPage);
  const head =
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/html\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nX-Request-ID: ${requestId}\r\nConnection: close\r\n\r\n`;
  return { head, body };
}
