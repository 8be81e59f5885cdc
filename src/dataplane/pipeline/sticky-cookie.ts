import type { CookieAffinity } from '../../model/cluster.ts';

/** What a cookie depends on beside its settings. */
export interface CookieMoment {
  /** The client speaks HTTPS. */
  isSecure(): boolean;
  userAgent(): string;
  /** In milliseconds since 1970. */
  now(): number;
}

/** The header line that sets a sticky cookie, without its line end. Its attributes are in the order of ingress-nginx. @param path of the route */
export function stickyCookieLine(cookie: CookieAffinity, value: string, path: string, moment: CookieMoment): string {
  const { name, path: ownPath, domain, maxAgeSeconds, expiresSeconds, secure } = cookie;
  const expires = expiresSeconds === undefined ? '' : `; Expires=${cookieDate(moment.now() + expiresSeconds * 1_000)}`;
  const life = maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`;
  const hosts = domain === '' ? '' : `; Domain=${domain}`;
  const safe = secure === 'always' || (secure === 'auto' && moment.isSecure()) ? '; Secure' : '';
  const sameSite = sameSiteFor(cookie, moment);
  const sites = sameSite === '' ? '' : `; SameSite=${sameSite}`;
  return `Set-Cookie: ${name}=${value}${expires}${life}${hosts}; Path=${ownPath || cookiePath(path)}${safe}; HttpOnly${sites}`;
}

/** RFC 6265 section 5.2: a semicolon ends the attribute. The path above it takes the same requests, and others. */
function cookiePath(path: string): string {
  const semicolon = path.indexOf(';');
  return semicolon < 0 ? path : path.slice(0, path.lastIndexOf('/', semicolon)) || '/';
}

function sameSiteFor({ sameSite, sparesOldBrowsers }: CookieAffinity, { userAgent }: CookieMoment): string {
  return sameSite === 'None' && sparesOldBrowsers === true && rejectsNone(userAgent()) ? '' : sameSite;
}

/** Those that ingress-nginx names: they drop a cookie with `SameSite=None`, or take it for `Strict`. */
function rejectsNone(userAgent: string): boolean {
  const has = (part: string): boolean => userAgent.includes(part);
  if (has('Chrome/4') || has('Chrome/5') || has('Chrome/6')) return true;
  if (has('CPU iPhone OS 12') || has('iPad; CPU OS 12')) return true;
  return has('Macintosh') && has('Intel Mac OS X 10_14') && has('Safari') && !has('Chrome');
}

/** RFC 6265 section 5.1.1 reads it, as all dates of HTTP: `Wed, 09-Jun-21 10:18:14 GMT`, in the form of nginx. */
function cookieDate(time: number): string {
  const [day, date, month, year, clock] = new Date(time).toUTCString().split(' ');
  return `${day} ${date}-${month}-${year?.slice(2)} ${clock} GMT`;
}
