import { STATUS_CODES } from 'node:http';

/** Statuses whose page an operator may replace: what nginx's error_page directive names in the configuration we replace. */
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
<p>If it lasts, tell whoever runs the service, with the value of the X-Request-ID header of this response.</p>
</body>
</html>
`;

/** The body for an answer made here. */
export function errorBody(status: number, errorPage: string): string {
  if (REPLACEABLE.has(status)) return errorPage;
  const title = `${status} ${reasonOf(status)}`;
  return `<!DOCTYPE html>\n<html lang="en">\n<head><title>${title}</title></head>\n<body><h1>${title}</h1></body>\n</html>\n`;
}

export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}

/** A whole response for bytes that never became a request, so that no HTTP library answers them. */
export function rawErrorResponse(status: number, requestId: string, errorPage: string): { head: string; body: string } {
  const body = errorBody(status, errorPage);
  const head =
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/html\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nX-Request-ID: ${requestId}\r\nConnection: close\r\n\r\n`;
  return { head, body };
}
