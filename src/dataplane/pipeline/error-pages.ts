import { STATUS_CODES } from 'node:http';
import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import { ALLOWED_METHODS } from '../../formats/http/methods.ts';
import type { Answer } from './ports.ts';

/** Statuses whose page an operator may replace. */
const REPLACEABLE: ReadonlySet<number> = new Set([500, 502, 503, 504]);

export const DEFAULT_ERROR_PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Service unavailable</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 36em; margin: 15vh auto; padding: 0 1.5em; font: 1rem/1.6 system-ui, sans-serif; }
</style>
</head>
<body>
<h1>This service does not answer</h1>
<p>The entry of this cluster is up, but the service behind this address could not answer. Please try again in a moment.</p>
<p>If it lasts, tell the people who run the service, with the value of the X-Request-ID header of this response.</p>
</body>
</html>
`;

/** What people are told who could not guess it from the status. */
const EXPLAINED: Readonly<Partial<Record<FailureReason, string>>> = {
  request_http_on_tls_port: 'The plain HTTP request was sent to the HTTPS port. Use https:// for it.',
};

/** The body of an answer that the entry gives itself. @param explanation a sentence for people */
export function errorBody(status: number, errorPage: string, explanation?: string): string {
  if (REPLACEABLE.has(status)) return errorPage;
  const title = `${status} ${reasonOf(status)}`;
  const text = explanation === undefined ? '' : `<p>${explanation}</p>`;
  return `<!DOCTYPE html>\n<html lang="en">\n<head><title>${title}</title></head>\n<body><h1>${title}</h1>${text}</body>\n</html>\n`;
}

export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}

/** The answer to a request that failed. @param ownStatus the one that it has in place of that of its reason */
export function errorAnswer(reason: FailureReason, errorPage: string, requestId: string, ownStatus?: number): Answer {
  const { retryAfter } = FAILURES[reason];
  const status = ownStatus ?? FAILURES[reason].status;
  const headers: [string, string][] = [['X-Request-ID', requestId]];
  if (retryAfter !== undefined) headers.push(['Retry-After', String(retryAfter)]);
  if (reason === 'request_method_refused') headers.push(['Allow', ALLOWED_METHODS]);
  const body = Buffer.from(errorBody(status, errorPage, EXPLAINED[reason])).toString('latin1');
  return { status, contentType: 'text/html', headers, body };
}

/** @param headers take the place of those of the same name */
export function withHeaders(answer: Answer, headers: Answer['headers']): Answer {
  if (headers.length === 0) return answer;
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  return { ...answer, headers: [...answer.headers.filter(([name]) => !names.has(name.toLowerCase())), ...headers] };
}
