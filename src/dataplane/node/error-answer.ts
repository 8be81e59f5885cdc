import type { ServerResponse } from 'node:http';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import { errorBody, reasonOf } from '../pipeline/error-pages.ts';
import { ALLOWED_METHODS } from '../pipeline/methods.ts';

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
