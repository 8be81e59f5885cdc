/** What is known of methods. Every other method goes through, too. */

/**
 * Methods of IANA's HTTP Method Registry whose column "Idempotent" says yes: they may be sent twice without doing something
 * twice (RFC 9110 section 9.2.2). LOCK, PATCH, POST and unknown methods may not.
 */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  'ACL',
  'BASELINE-CONTROL',
  'BIND',
  'CHECKIN',
  'CHECKOUT',
  'COPY',
  'DELETE',
  'GET',
  'HEAD',
  'LABEL',
  'LINK',
  'MERGE',
  'MKACTIVITY',
  'MKCALENDAR',
  'MKCOL',
  'MKREDIRECTREF',
  'MKWORKSPACE',
  'MOVE',
  'OPTIONS',
  'ORDERPATCH',
  'PRI',
  'PROPFIND',
  'PROPPATCH',
  'PUT',
  'QUERY',
  'REBIND',
  'REPORT',
  'SEARCH',
  'TRACE',
  'UNBIND',
  'UNCHECKOUT',
  'UNLINK',
  'UPDATE',
  'UPDATEREDIRECTREF',
  'VERSION-CONTROL',
]);

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Methods that are for proxies themselves: a tunnel to any host, an echo of what the request holds. */
export function isRefusedMethod(method: string): boolean {
  return method === 'CONNECT' || method === 'TRACE';
}

/** For 405, which must have an Allow (RFC 9110 section 15.5.6). What a backend allows, only the backend knows. */
export const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
